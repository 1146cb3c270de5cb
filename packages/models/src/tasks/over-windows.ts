/**
 * Runs a model over the texts of a task: tokens, then windows where a text is longer than the model, or a cut
 * where the caller wants that, then batches of windows of similar length.
 */
import type { Tensors } from '@attn/core';
import { throwIfAborted } from '@attn/core/backend';
import { fitTexts } from '../encode/fit-texts.ts';
import type { Checked } from '../encode/options.ts';
import { runWindows } from '../encode/run-windows.ts';
import { tokenizePairs } from '../encode/empty-pairs.ts';
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

/** Tokenizes texts. Errors: those of `tokenizeAll`. */
export async function tokenizeTexts(
  where: string,
  { model, tokenizer }: RunnableModel,
  inputs: readonly TextInput[],
  { signal, onProgress }: Checked<TaskOptions>,
): Promise<readonly TokenizedText[]> {
  throwIfAborted(signal, where);
  const onCharacters =
    onProgress && ((done: number, total: number) => onProgress({ done, total, unit: 'characters' }));
  return tokenizePairs(where, tokenizer, inputs, { signal, onCharacters, limits: model });
}

/** Runs windows, with the progress of the call. Errors: those of the backends; `ABORTED`. */
export async function runAll<W extends Pick<TextWindow, 'ids' | 'typeIds'>>(
  where: string,
  runnable: RunnableModel,
  windows: readonly W[],
  options: Checked<TaskOptions>,
  receive: (window: W, outputs: Tensors, row: number) => void,
): Promise<void> {
  const { onProgress } = options;
  const rule = { ...options, where, batchTokens: options.batchTokens ?? 4_096 };
  const onWindows =
    onProgress && ((done: number, total: number) => onProgress({ done, total, unit: 'windows' }));
  await runWindows(runnable, windows, { ...rule, onWindows }, receive);
}

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
  return overTokenized(where, runnable, tokenized, options, rule, receive);
}

/** `overWindows` for texts that are tokenized already. */
export async function overTokenized(
  where: string,
  runnable: RunnableModel,
  tokenized: readonly TokenizedText[],
  options: Checked<TaskOptions>,
  { stride, ...rule }: LongTextRule,
  receive: ReceiveWindow,
): Promise<ReadTexts> {
  const isSplit = stride !== undefined || options.truncation !== true;
  const { texts, windows } = fitTexts(where, tokenized, {
    ...rule,
    maxLength: rowLimit(runnable, stride === undefined ? options : { ...options, truncation: true }),
    onLongText: isSplit ? 'split' : 'cut',
    overlap: stride ?? options.overlap,
    overlapName: stride === undefined ? undefined : 'stride',
    cutSide: runnable.settings.cutting?.side ?? 'right',
  });
  const windowCounts = new Array<number>(texts.length).fill(0);
  for (const { text } of windows) windowCounts[text] += 1;
  await runAll(where, runnable, windows, options, (window, outputs, row) =>
    receive(window, texts[window.text], outputs, row),
  );
  return { texts, windowCounts };
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
