/** Models that read two texts together. */
import type {
  PairInput,
  PairScores,
  PredictOptions,
  RankedDocument,
  RankOptions,
} from '../encode/predict.ts';
import { LoadedModel, runnableOf } from '../loaded-model.ts';
import type { TokenizedPair } from '../encode/tokenize-inputs.ts';
import { checkAbility } from './abilities.ts';

/**
 * A model that scores pairs of texts: one for sequence classification, such as a cross-encoder.
 *
 * @example
 * const scorer = await loadModel('cross-encoder/ms-marco-MiniLM-L6-v2', { attn, for: 'rank' });
 * const [best] = await scorer.rank('Who narrates?', ['Call me Ishmael.', 'Some years ago']);
 */
export class PairScorer extends LoadedModel {
  /**
   * Errors: `UNSUPPORTED` (a model that is none), `INVALID_ARGUMENT`. The arguments are those of
   * `LoadedModel`.
   */
  constructor(...parts: ConstructorParameters<typeof LoadedModel>) {
    super(...parts);
    checkAbility('models/PairScorer', 'predict', this);
  }

  /**
   * Scores pairs of texts with a model for sequence classification, such as a cross-encoder, as the folder's
   * files say: sigmoid of one label, the logits of several. Pairs that are too long lose tokens of the longer
   * text first, with a warning.
   *
   * Errors: `UNSUPPORTED` (any other model; a tokenizer that does not take pairs), `INVALID_ARGUMENT`,
   * `MISSING_INPUT`, `ABORTED`, and those of the backends.
   *
   * @example
   * const { scores } = await classifier.predict([['Who narrates?', 'Call me Ishmael.']]);
   */
  async predict(pairs: PairInput | readonly PairInput[], options: PredictOptions = {}): Promise<PairScores> {
    const runnable = runnableOf(this);
    const { predict } = await import('../encode/predict.ts');
    return predict(runnable, pairs, options);
  }

  /**
   * The tokens of pairs. `predict` takes the result and does not tokenize again. Errors: `INVALID_ARGUMENT`,
   * `UNSUPPORTED`, `MISSING_INPUT` (no tokenizer, no `attn`), `ABORTED`.
   *
   * @example
   * const pairs = await classifier.tokenize([{ text: 'Who narrates?', pair: 'Call me Ishmael.' }]);
   * const { scores } = await classifier.predict(pairs);
   */
  async tokenize(
    pairs: PairInput | readonly PairInput[],
    options: { readonly signal?: AbortSignal } = {},
  ): Promise<readonly TokenizedPair[]> {
    const runnable = runnableOf(this);
    const { tokenizeForScores } = await import('../encode/tokenize-inputs.ts');
    return tokenizeForScores(runnable, pairs, options);
  }

  /**
   * Sorts documents by how well they fit a query, the best first, with a cross-encoder of one label. Errors:
   * those of `predict`, and `UNSUPPORTED` for a model of several labels.
   *
   * @example
   * const [best] = await classifier.rank('Who narrates?', ['Call me Ishmael.', 'Some years ago']);
   * console.log(best.index, best.score, best.document);
   */
  async rank(
    query: string,
    documents: readonly string[],
    options: RankOptions = {},
  ): Promise<readonly RankedDocument[]> {
    const runnable = runnableOf(this);
    const { rank } = await import('../encode/predict.ts');
    return rank(runnable, query, documents, options);
  }
}
