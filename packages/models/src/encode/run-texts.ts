/** The two long steps of every call over texts, with the call's progress: tokens, then batches of windows. */
import type { Tensors } from '@attn/core';
import { throwIfAborted } from '@attn/core/backend';
import type { RunnableModel } from '../runnable-model.ts';
import type { TokenizedText } from '../tokenizer.ts';
import { tokenizePairs } from './empty-pairs.ts';
import type { CheckedInput } from './inputs.ts';
import type { Checked, TextRunOptions } from './options.ts';
import { runWindows, type RunWindow } from './run-windows.ts';
import type { tokenizeAll } from './tokenize.ts';

/** Most tokens that run together where the caller does not say it. */
export const BATCH_TOKENS = 4_096;

/**
 * Tokenizes texts; inputs that are ids stay as they are. `tokenize` says what an empty second text is: by
 * default one of a pair. Errors: those of `tokenizeAll`.
 */
export async function tokenizeTexts(
  where: string,
  { model, tokenizer }: RunnableModel,
  inputs: readonly CheckedInput[],
  { signal, onProgress }: Pick<TextRunOptions, 'signal' | 'onProgress'>,
  tokenize: typeof tokenizeAll = tokenizePairs,
): Promise<readonly TokenizedText[]> {
  throwIfAborted(signal, where);
  const onCharacters =
    onProgress && ((done: number, total: number) => onProgress({ done, total, unit: 'characters' }));
  return tokenize(where, tokenizer, inputs, { signal, onCharacters, limits: model });
}

/**
 * Runs windows. `task` is the one whose adapters take part. Returns the names of the backends that took part.
 * Errors: those of the backends; `ABORTED`.
 */
export async function runAll<W extends RunWindow>(
  where: string,
  runnable: RunnableModel,
  windows: readonly W[],
  options: Checked<TextRunOptions> & { readonly task?: string | undefined },
  receive: (window: W, outputs: Tensors, row: number) => void,
): Promise<readonly string[]> {
  const { onProgress, batchTokens = BATCH_TOKENS } = options;
  const onWindows =
    onProgress && ((done: number, total: number) => onProgress({ done, total, unit: 'windows' }));
  return runWindows(runnable, windows, { ...options, where, batchTokens, onWindows }, receive);
}
