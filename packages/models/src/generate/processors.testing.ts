/** For tests of rules and searches. */
import type { ScoreRules } from './processors.ts';

/** Rules that change no score, for rows of up to 8 tokens that end with 1. */
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
  promptLength: 1,
  maxLength: 8,
};
