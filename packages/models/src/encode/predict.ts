/** Cross-encoders: a model reads two texts together, and says how well they fit. */
import { AttnError, f32, type Tensor } from '@attn/core';
import {
  aString,
  checkArgument,
  integer,
  isList,
  oneOf,
  show,
  withCallbacks,
  type OptionKinds,
} from '@attn/core/backend';
import type { RunnableModel } from '../runnable-model.ts';
import { withPrompt } from '../sentence/prompts.ts';
import type { ScoreActivation } from '../sentence/settings.ts';
import { largest } from './scores.ts';
import type { TextInput, TokenizedInput } from '../tokenizer.ts';
import { activate, activationOf, checkRanks } from './activate.ts';
import type { EncodeFacts } from './encode.ts';
import { fitTexts } from './fit-texts.ts';
import { readInputs, type CheckedText } from './inputs.ts';
import { checkTextRun, textRunKinds, type Checked, type TextRunOptions } from './options.ts';
import { runAll, tokenizeTexts } from './run-texts.ts';

/** A pair of texts, which may have its tokens. */
export type PairInput =
  | (Required<TextInput> & Partial<TokenizedInput>)
  | readonly [text: string, pair: string];

/** Options of `predict`. */
export interface PredictOptions extends TextRunOptions {
  /**
   * What becomes of the logits. `softmax` is over the labels. Default: what the folder's files say, else
   * `sigmoid` of one label and `identity` of several.
   */
  readonly activation?: ScoreActivation;
  /**
   * What happens to pairs of more than `maxLength` tokens: the longer text loses tokens at its end, then both
   * (`cut`, the default, with a warning), or the call ends with `INVALID_ARGUMENT` (`throw`).
   */
  readonly onLongText?: 'cut' | 'throw';
}

/** Scores of pairs. */
export interface PairScores extends EncodeFacts {
  /** [pairs] for a model of one label, else [pairs, labels]. */
  readonly scores: Tensor<'f32'>;
  /** [pairs, labels], before the activation. */
  readonly logits: Tensor<'f32'>;
}

/** Options of `rank`. */
export interface RankOptions extends PredictOptions {
  /** How many documents are returned, the best first. Default: all. */
  readonly topK?: number;
}

/** A document and its score. */
export interface RankedDocument {
  /** Its place among the documents of the call. */
  readonly index: number;
  readonly score: number;
  readonly document: string;
}

/** A pair, checked, which may have its tokens. */
export type CheckedPair = CheckedText & Required<TextInput>;

const WHERE = 'models/predict';

function kindsFor({ model }: RunnableModel): OptionKinds<PredictOptions> {
  return {
    activation: oneOf('sigmoid', 'identity', 'softmax'),
    onLongText: oneOf('cut', 'throw'),
    ...textRunKinds(model),
  };
}

/** Implements `LoadedModel.predict`. */
export async function predict(
  runnable: RunnableModel,
  pairs: unknown,
  options: PredictOptions = {},
  where: string = WHERE,
): Promise<PairScores> {
  const { model } = runnable;
  const checked = checkTextRun(where, model, options, kindsFor(runnable));
  const inputs = readPairs(where, pairs);
  const { onProgress, onWarning, signal } = checked;
  return withCallbacks({ onProgress, onWarning }, signal, (callbacks, stop) =>
    score(runnable, inputs, where, { ...checked, ...callbacks, signal: stop }),
  );
}

/** Implements `LoadedModel.rank`. */
export async function rank(
  runnable: RunnableModel,
  query: string,
  documents: readonly string[],
  options: RankOptions = {},
): Promise<readonly RankedDocument[]> {
  const where = 'models/rank';
  const kinds: OptionKinds<RankOptions> = { topK: integer(1), ...kindsFor(runnable) };
  const { topK, ...rest } = checkTextRun(where, runnable.model, options, kinds);
  checkArgument(where, 'query', query, aString);
  const isTexts =
    isList(documents) && Array.from(documents).every((document) => typeof document === 'string');
  if (!isTexts) {
    throw new AttnError(
      'INVALID_ARGUMENT',
      where,
      `documents must be a list of texts, got ${show(documents)}`,
    );
  }
  const pairs = documents.map((pair) => ({ text: query, pair }));
  const { scores } = await predict(runnable, pairs, rest, where);
  checkRanks(where, runnable.model, scores.shape[1] ?? 1);
  return largest(scores.data, topK ?? documents.length).map((index) => ({
    index,
    score: scores.data[index],
    document: documents[index],
  }));
}

async function score(
  runnable: RunnableModel,
  inputs: readonly CheckedPair[],
  where: string,
  options: Checked<PredictOptions>,
): Promise<PairScores> {
  const { model, settings } = runnable;
  const { scoring } = settings;
  const tokenized = await tokenizeTexts(where, runnable, withPrompt(where, inputs, '', {}), options);
  const { texts, windows } = fitTexts(where, tokenized, {
    maxLength: options.maxLength ?? scoring?.maxLength ?? model.maxLength,
    onLongText: options.onLongText ?? 'cut',
    cutSide: scoring?.side ?? 'right',
    onWarning: options.onWarning ?? console.warn,
  });
  const rows: Float32Array[] = [];
  const backends = await runAll(where, runnable, windows, options, ({ text }, { logits }, row) => {
    const labels = logits.shape[1];
    rows[text] = Float32Array.from(logits.data.subarray(row * labels, (row + 1) * labels));
  });
  const labels = rows[0]?.length ?? 1;
  const { activation = activationOf(settings, labels) } = options;
  const flat = (all: readonly (Float32Array | Float64Array)[]): Float32Array =>
    Float32Array.from(all.flatMap((row) => [...row]));
  const scores = flat(rows.map((row) => activate(row, activation)));
  return {
    scores: f32(labels === 1 ? [rows.length] : [rows.length, labels], scores),
    logits: f32([rows.length, labels], flat(rows)),
    tokens: texts.map(({ ids }) => ids.length),
    backends,
  };
}

/** Reads pairs. Errors: `INVALID_ARGUMENT`. */
export function readPairs(where: string, pairs: unknown): readonly CheckedPair[] {
  return readInputs(where, pairsOf(pairs)).map((input, i) => {
    if ('text' in input && input.pair !== undefined) return { ...input, pair: input.pair };
    const message = `pairs must be { text, pair } or [text, pair], got ${show(input)} as pair ${i}`;
    throw new AttnError('INVALID_ARGUMENT', where, message);
  });
}

/** Pairs in lists become objects; what is none is refused as an input. */
function pairsOf(pairs: unknown): unknown {
  const toInput = (pair: unknown): unknown => (isTuple(pair) ? { text: pair[0], pair: pair[1] } : pair);
  if (isTuple(pairs)) return [toInput(pairs)];
  return Array.isArray(pairs) ? pairs.map(toInput) : pairs;
}

function isTuple(value: unknown): value is readonly [string, string] {
  return Array.isArray(value) && value.length === 2 && value.every((text) => typeof text === 'string');
}
