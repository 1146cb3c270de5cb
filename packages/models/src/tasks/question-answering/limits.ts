/** The windows of a long context: as the original cuts them, or no more than the model needs. */
import { AttnError } from '@attn/core';
import type { Checked } from '../../encode/options.ts';
import type { RunnableModel } from '../../runnable-model.ts';
import type { LongTextRule } from '../over-windows.ts';
import type { QuestionAnsweringOptions } from './options.ts';

/** The original's longest window, and the most tokens that its windows share, unless options say more. */
const ORIGINAL_LENGTH = 384;
const ORIGINAL_STRIDE = 128;

/** How contexts become windows. */
export interface AnswerWindows {
  /** Whether windows and scores are the original's. */
  readonly asOriginal: boolean;
  /** What is run, by the options that all tasks have. */
  readonly options: Checked<QuestionAnsweringOptions>;
  readonly rule: LongTextRule;
}

/** Errors: `INVALID_ARGUMENT` for two names of one option with different values. */
export function answerWindows(
  where: string,
  { model, settings }: RunnableModel,
  options: Checked<QuestionAnsweringOptions>,
): AnswerWindows {
  const { max_seq_len: limit, doc_stride: stride, max_answer_len: longest = 15 } = options;
  const asOriginal = options.truncation ?? (limit !== undefined || stride !== undefined);
  const filesLimit = asOriginal
    ? Math.min(ORIGINAL_LENGTH, settings.cutting?.maxLength ?? Infinity)
    : Infinity;
  const maxLength =
    oneOfTwo(where, ['max_seq_len', limit], ['maxLength', options.maxLength]) ??
    Math.min(filesLimit, model.maxLength);
  const overlap = oneOfTwo(where, ['doc_stride', stride], ['overlap', options.overlap]);
  const shared = asOriginal
    ? Math.min(Math.floor(maxLength / 2), ORIGINAL_STRIDE)
    : Math.max(Math.floor(maxLength / 8), longest);
  const rule: LongTextRule = {
    splitText: 1,
    overlapName: stride === undefined ? 'overlap' : 'doc_stride',
    // Where a long question leaves less room than that, the original fails.
    overlapIn: (room) => (asOriginal && shared < room ? shared : Math.min(shared, Math.floor(room / 2))),
  };
  // All of a context is read, in the original as well.
  const run = { ...options, truncation: false, maxLength, ...(overlap !== undefined && { overlap }) };
  return { asOriginal, options: run, rule };
}

/** The value of an option that has two names. */
function oneOfTwo(
  where: string,
  [name, value]: readonly [string, number | undefined],
  [other, same]: readonly [string, number | undefined],
): number | undefined {
  if (value === undefined || same === undefined || value === same) return value ?? same;
  const message = `${name} and ${other} are one option, got ${value} and ${same}`;
  throw new AttnError('INVALID_ARGUMENT', where, message);
}
