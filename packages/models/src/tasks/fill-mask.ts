/**
 * `fill-mask`: the tokens that fit where a text has a mask. Of a text in windows, only those with a mask run,
 * and each mask is read in the window in which it stands deepest.
 */
import { AttnError } from '@attn/core';
import { aString, either, integer, listOf, show, type OptionKinds } from '@attn/core/backend';
import type { Checked } from '../encode/options.ts';
import type { TextWindow } from '../encode/windows.ts';
import type { RunnableModel } from '../runnable-model.ts';
import { idsWithText, type TokenizedText } from '../tokenizer.ts';
import { runAll, tokenizeTexts } from '../encode/run-texts.ts';
import { fitTokens } from './over-windows.ts';
import { largest, softmax } from '../encode/scores.ts';
import { readSingleText, type SingleText } from './single-text.ts';
import { taskKinds, type TaskOptions } from './task-options.ts';
import { taskTokenizer, type TaskTokenizer } from './task-tokenizer.ts';
import type { Task, TaskRunner } from './task.ts';

/** Options of `fill-mask`. */
export interface FillMaskOptions extends TaskOptions {
  /** How many tokens are returned for a mask, the likeliest first. Default 5. */
  readonly top_k?: number;
  /**
   * The only tokens that may be returned: each as the vocabulary writes it, or any text, of which the first
   * token counts. Their scores are not scaled to a sum of 1.
   */
  readonly targets?: string | readonly string[];
}

/** A token in the place of a mask. */
export interface FilledMask {
  /** Its probability among all tokens of the vocabulary. */
  readonly score: number;
  /** Its id. */
  readonly token: number;
  readonly token_str: string;
  /** The whole text with the token in it; with special tokens where the text has several masks. */
  readonly sequence: string;
}

/** The tokens for the mask of a text; of a text with several masks, those of each. */
export type FilledMasks = readonly FilledMask[] | readonly (readonly FilledMask[])[];

/**
 * Fills the masks of texts, or of objects `{ text }`. A text with one mask has a list of tokens, a text with
 * several a list for each mask.
 */
export interface FillMasks {
  (text: string | SingleText, options?: FillMaskOptions): Promise<FilledMasks>;
  (texts: readonly (string | SingleText)[], options?: FillMaskOptions): Promise<readonly FilledMasks[]>;
}

/** The task `fill-mask`. */
export const fillMask: Task<string, FillMaskOptions, FilledMasks, FillMasks> = {
  open: (runnable, where) => new MaskFiller(runnable, where),
  call(answer) {
    const fill = async (
      texts: string | SingleText | readonly (string | SingleText)[],
      options: FillMaskOptions = {},
    ): Promise<FilledMasks | readonly FilledMasks[]> => {
      const isMany = Array.isArray(texts);
      const answers = await answer(isMany ? texts : [texts], options);
      return isMany ? answers : answers[0];
    };
    return fill as FillMasks;
  },
};

/** Tokens of a batch: each has a logit for every token of the vocabulary. */
const BATCH_TOKENS = 1_024;

/** A token, and its probability at a mask. */
interface Candidate {
  readonly token: number;
  readonly score: number;
}

/** A mask in a window. */
interface MaskPlace {
  /** Where it stands in the window. */
  readonly at: number;
  /** Where it stands in the tokens of the text. */
  readonly inText: number;
}

class MaskFiller implements TaskRunner<string, FillMaskOptions, FilledMasks> {
  readonly kinds: OptionKinds<FillMaskOptions>;
  private readonly runnable: RunnableModel;
  private readonly tokenizer: TaskTokenizer;
  private readonly maskId: number;
  private readonly where: string;

  constructor(runnable: RunnableModel, where: string) {
    const { model } = runnable;
    const fail = (message: string): never => {
      throw new AttnError('UNSUPPORTED', where, message);
    };
    if (!model.architecture.endsWith('ForMaskedLM') || !model.outputs.includes('logits'))
      fail(`fill-mask needs a masked language model, got ${model.architecture}`);
    this.tokenizer = taskTokenizer(where, runnable, 'fill-mask');
    this.maskId =
      this.tokenizer.maskId ?? fail('fill-mask needs a tokenizer with a mask token, and this one has none');
    this.runnable = runnable;
    this.where = where;
    this.kinds = {
      top_k: integer(1),
      targets: either(aString, listOf(aString, 'a list of texts')),
      ...taskKinds(runnable),
    };
  }

  read(value: unknown, name: string): string {
    return readSingleText(this.where, value, name);
  }

  async run(texts: readonly string[], options: Checked<FillMaskOptions>): Promise<readonly FilledMasks[]> {
    const { where, runnable } = this;
    const { top_k: topK = 5, targets, batchTokens = BATCH_TOKENS } = options;
    const only = targets === undefined ? undefined : this.targetIds([targets].flat());
    const inputs = texts.map((text) => ({ text }));
    const tokenized = await tokenizeTexts(where, runnable, inputs, options);
    const fitting = fitTokens(where, runnable, tokenized, options, {});
    for (const [i, { ids }] of fitting.texts.entries()) this.refuseWithout(ids, texts, i, options);
    const windows = fitting.windows
      .map((window) => ({ ...window, masks: this.masksOf(window) }))
      .filter(({ masks }) => masks.length > 0);
    const results = texts.map(() => new Map<number, readonly Candidate[]>());
    await runAll(where, runnable, windows, { ...options, batchTokens }, ({ text, masks }, outputs, row) => {
      const { data, shape } = outputs.logits;
      const [, length, words] = shape;
      for (const { at, inText } of masks) {
        const start = (row * length + at) * words;
        const logits = data.subarray(start, start + words) as Float32Array;
        results[text].set(inText, candidatesOf(logits, topK, only));
      }
    });
    return fitting.texts.map((tokens, i) => this.answerOf(tokens, results[i]));
  }

  /** The ids of targets, each once. Errors: `INVALID_ARGUMENT`. */
  private targetIds(targets: readonly string[]): readonly number[] {
    const fail = (message: string): never => {
      throw new AttnError('INVALID_ARGUMENT', this.where, message);
    };
    if (targets.length === 0) fail(`targets must have at least one text, got ${show(targets)}`);
    const ids = targets.map((target) => {
      const id = this.tokenizer.tokenToId(target);
      if (id !== undefined) return id;
      const { ids: tokens, special } = this.tokenizer.encode(target);
      const first = tokens.find((_, i) => special?.[i] !== 1);
      return first ?? fail(`each target must have at least one token, got ${show(target)}`);
    });
    return [...new Set(ids)];
  }

  private refuseWithout(
    ids: readonly number[],
    texts: readonly string[],
    i: number,
    { truncation }: Checked<FillMaskOptions>,
  ): void {
    if (ids.includes(this.maskId)) return;
    const name = texts.length === 1 ? 'the input' : `input ${i}`;
    const place = truncation === true ? ` in its first ${ids.length} tokens` : '';
    const mask = this.tokenizer.idToToken(this.maskId);
    const message = `${name} must have the token ${mask}${place}, got ${show(texts[i])}`;
    throw new AttnError('INVALID_ARGUMENT', this.where, message);
  }

  /** The masks for which a window is the one in which they stand deepest. */
  private masksOf({ ids, parts }: TextWindow): readonly MaskPlace[] {
    return parts
      .filter(({ share }) => share === 1)
      .flatMap(({ from, to, at: inText }) =>
        Array.from({ length: to - from }, (_, i) => ({ at: from + i, inText: inText + i })),
      )
      .filter(({ at }) => ids[at] === this.maskId);
  }

  private answerOf({ ids }: TokenizedText, results: ReadonlyMap<number, readonly Candidate[]>): FilledMasks {
    const { tokenizer } = this;
    const textOf = (all: readonly number[], skipSpecialTokens: boolean): string =>
      tokenizer.decode(idsWithText(tokenizer, all), { skipSpecialTokens });
    const filled = (place: number, { token, score }: Candidate): FilledMask => {
      const rest = ids.with(place, token).filter((id) => id !== tokenizer.padId);
      return { score, token, token_str: textOf([token], false), sequence: textOf(rest, results.size === 1) };
    };
    const masks = [...results]
      .toSorted(([a], [b]) => a - b)
      .map(([place, candidates]) => candidates.map((candidate) => filled(place, candidate)));
    return masks.length === 1 ? masks[0] : masks;
  }
}

/** The likeliest tokens at a mask, of all or of some. */
function candidatesOf(
  logits: Float32Array,
  topK: number,
  only: readonly number[] | undefined,
): readonly Candidate[] {
  const scores = softmax(logits);
  if (only === undefined) return largest(scores, topK).map((token) => ({ token, score: scores[token] }));
  const among = only.filter((id) => id < scores.length).map((token) => ({ token, score: scores[token] }));
  const places = largest(
    among.map(({ score }) => score),
    topK,
  );
  return places.map((place) => among[place]);
}
