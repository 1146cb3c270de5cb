/** For tests of rules and searches. */
import type { RowSpan, ScoreRules } from './processors.ts';

/** Rules that change no score, for rows that end with 1. */
export const NO_RULES: ScoreRules = {
  repetitionPenalty: 1,
  noRepeatNgramSize: 0,
  badWords: [],
  minLength: 0,
  minNewTokens: 0,
  forcedBos: undefined,
  forcedEos: [],
  suppressed: [],
  suppressedFirst: [],
  eos: [1],
};

/** Rows of up to 8 tokens, one of which is the prompt. */
export const SHORT_SPAN: RowSpan = { promptLength: 1, maxLength: 8 };
