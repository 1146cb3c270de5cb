/** Options that all tasks have. */
import { aBoolean, integer, type OptionKinds } from '@attn/core/backend';
import { textRunKinds, type TextRunOptions } from '../encode/options.ts';
import type { RunnableModel } from '../runnable-model.ts';

/** Options of every task. */
export interface TaskOptions extends TextRunOptions {
  /**
   * Whether inputs that are too long are cut, as the original pipelines do, at the length that the
   * tokenizer's files say. Default false: nothing is cut. Inputs that are longer than the model are read in
   * overlapping windows, whose answers are joined.
   */
  readonly truncation?: boolean;
  /**
   * Tokens that neighbouring windows share. Default: an eighth of the longest row, but at most half of what a
   * window has room for.
   */
  readonly overlap?: number;
}

/** Kinds of the options of every task. */
export function taskKinds({ model }: RunnableModel): OptionKinds<TaskOptions> {
  return { truncation: aBoolean, overlap: integer(0), ...textRunKinds(model) };
}
