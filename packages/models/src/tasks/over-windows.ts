/**
 * Runs a model over the texts of a task: tokens, then windows where a text is longer than the model, or a cut
 * where the caller wants that, then batches of windows of similar length.
 */
import type { Tensors } from '@attn/core';
import { fitTexts, type FittingTexts } from '../encode/fit-texts.ts';
import type { Checked } from '../encode/options.ts';
import { runAll, tokenizeTexts } from '../encode/run-texts.ts';
import type { TextWindow } from '../encode/windows.ts';
import type { RunnableModel } from '../runnable-model.ts';
import type { TextInput, TokenizedText } from '../tokenizer.ts';
import type { TaskOptions } from './task-options.ts';

/** How a task treats texts that are too long. */
export interface LongTextRule {
  /** The text of a pair that alone is cut. Default: the longer one first. */
  readonly cutText?: 0 | 1;
  /** The text of a pair that is split; each window has the whole other text. Default: the second. */
  readonly splitText?: 0 | 1;
  /** What messages call the overlap. Default `overlap`. */
  readonly overlapName?: string;
  /** The overlap, where none is given, of windows that have room for so many tokens. Default: `encode`'s. */
  readonly overlapIn?: (room: number) => number;
  /** Positions of global tokens in the windows of a text, where the call gives none. Default: the model's. */
  readonly globalTokens?: ((text: TokenizedText) => readonly number[]) | undefined;
  /**
   * Splits texts as the original pipelines do: at the length of a cut, with so many shared tokens. An option
   * of that name gives it.
   */
  readonly stride?: number | undefined;
}

/** Texts whose windows have run. */
export interface ReadTexts {
  /** The tokens of each text, without what was cut off. */
  readonly texts: readonly TokenizedText[];
  /** The number of windows of each text. */
  readonly windowCounts: readonly number[];
}

/** Receives a window, its text, the outputs of its batch, and its row in them. */
export type ReceiveWindow = (window: TextWindow, text: TokenizedText, outputs: Tensors, row: number) => void;

/**
 * Runs the model over every window of every text, the longest windows first. Errors: `INVALID_ARGUMENT` (no
 * room for a window), `MISSING_INPUT`, `ABORTED`, those of the backends.
 */
export async function overWindows(
  where: string,
  runnable: RunnableModel,
  inputs: readonly TextInput[],
  options: Checked<TaskOptions>,
  rule: LongTextRule,
  receive: ReceiveWindow,
): Promise<ReadTexts> {
  const tokenized = await tokenizeTexts(where, runnable, inputs, options);
  return overTokens(where, runnable, tokenized, options, rule, receive);
}

/** `overWindows` of texts that are tokenized already. */
export async function overTokens(
  where: string,
  runnable: RunnableModel,
  tokenized: readonly TokenizedText[],
  options: Checked<TaskOptions>,
  rule: LongTextRule,
  receive: ReceiveWindow,
): Promise<ReadTexts> {
  const { texts, windows } = fitTokens(where, runnable, tokenized, options, rule);
  const windowCounts = new Array<number>(texts.length).fill(0);
  for (const { text } of windows) windowCounts[text] += 1;
  const globalsOf = options.globalTokens === undefined ? rule.globalTokens : undefined;
  const marked = globalsOf
    ? windows.map((window) => ({ ...window, globalTokens: globalsOf(texts[window.text]) }))
    : windows;
  await runAll(where, runnable, marked, options, (window, outputs, row) =>
    receive(window, texts[window.text], outputs, row),
  );
  return { texts, windowCounts };
}

/** The windows of texts, or the texts cut. Errors: `INVALID_ARGUMENT` (no room for a window). */
export function fitTokens(
  where: string,
  runnable: RunnableModel,
  tokenized: readonly TokenizedText[],
  options: Checked<TaskOptions>,
  { stride, ...rule }: LongTextRule,
): FittingTexts {
  const isSplit = stride !== undefined || options.truncation !== true;
  return fitTexts(where, tokenized, {
    ...rule,
    maxLength: rowLimit(runnable, stride === undefined ? options : { ...options, truncation: true }),
    onLongText: isSplit ? 'split' : 'cut',
    overlap: stride ?? options.overlap,
    overlapName: stride === undefined ? rule.overlapName : 'stride',
    cutSide: runnable.settings.cutting?.side ?? 'right',
  });
}

/** Most tokens of a row: as the caller says, or as the files say where texts are cut, or as the model can. */
export function rowLimit({ model, settings }: RunnableModel, options: Checked<TaskOptions>): number {
  const { maxLength, truncation } = options;
  return maxLength ?? (truncation === true ? settings.cutting?.maxLength : undefined) ?? model.maxLength;
}

/** How many of a text's tokens count as this window's. */
export function tokensCounted({ parts }: Pick<TextWindow, 'parts'>): number {
  return parts.reduce((sum, { from, to, share }) => sum + (share === 1 ? to - from : 0), 0);
}
