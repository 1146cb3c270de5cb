/** Models that weigh the words of a vocabulary. */
import type { EncodeSparseOptions, SparseEmbeddings } from '../encode/encode-sparse.ts';
import type { EncodeInput } from '../encode/inputs.ts';
import { runnableOf, type LoadedModel } from '../loaded-model.ts';
import { checkAbility } from './abilities.ts';
import { VectorModel } from './vector-model.ts';

/**
 * A model that makes sparse vectors of texts: a folder of sentence-transformers with a `SpladePooling`.
 *
 * @example
 * const splade = await loadModel('naver/splade-v3', { attn, for: 'encodeSparse' });
 * const { vectors } = await splade.encodeSparse('Who narrates?', { as: 'query' });
 */
export class SparseEncoder extends VectorModel {
  /**
   * Errors: `UNSUPPORTED` (a model that is none), `INVALID_ARGUMENT`. The arguments are those of
   * `LoadedModel`.
   */
  constructor(...parts: ConstructorParameters<typeof LoadedModel>) {
    super(...parts);
    checkAbility('models/SparseEncoder', 'encodeSparse', this);
  }

  /**
   * Computes a sparse vector for each text: SPLADE's weights of the tokens that the text is about, of a
   * folder of sentence-transformers with a `SpladePooling`. The indices are ids of tokens. Inputs are those
   * of `encode`.
   *
   * Errors: `UNSUPPORTED` (any other model), `INVALID_ARGUMENT`, `MISSING_INPUT`, `ABORTED`, and those of the
   * backends.
   *
   * @example
   * const [{ indices, values }] = (await splade.encodeSparse('Who narrates?', { as: 'query' })).vectors;
   * for (const [i, id] of indices.entries()) console.log(splade.tokenizer?.idToToken?.(id), values[i]);
   */
  async encodeSparse(
    inputs: EncodeInput | readonly EncodeInput[],
    options: EncodeSparseOptions = {},
  ): Promise<SparseEmbeddings> {
    const runnable = runnableOf(this);
    const { encodeSparse } = await import('../encode/encode-sparse.ts');
    return encodeSparse(runnable, inputs, options);
  }
}
