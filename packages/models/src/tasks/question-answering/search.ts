/** What a search for the answers to one question takes and finds. */
import type { AnswerWindow } from './answer-window.ts';
import type { Place } from './places.ts';

/** An answer. */
export interface FoundAnswer extends Place {
  readonly score: number;
}

/** All answers to a question. */
export interface FoundAnswers {
  /** The best first. */
  readonly answers: readonly FoundAnswer[];
  /** The score of "there is no answer". */
  readonly noAnswer: number;
}

/** How answers are searched for. */
export interface SearchOptions {
  /** The most answers that are found. */
  readonly most: number;
  /** The most tokens of an answer. */
  readonly maxTokens: number;
  readonly alignToWords: boolean;
}

/** A search for answers. It takes windows in any order and keeps of each what may be an answer. */
export interface AnswerSearch {
  add(window: AnswerWindow): void;
  found(): FoundAnswers;
}

/** The logarithm of the sum of the exponentials. */
export function logSumExp(...lists: readonly ArrayLike<number>[]): number {
  let most = -Infinity;
  for (const list of lists) for (let i = 0; i < list.length; i++) most = Math.max(most, list[i]);
  if (most === -Infinity) return most;
  let sum = 0;
  for (const list of lists) for (let i = 0; i < list.length; i++) sum += Math.exp(list[i] - most);
  return most + Math.log(sum);
}
