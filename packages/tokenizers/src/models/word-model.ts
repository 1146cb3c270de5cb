/** What a model is: it makes tokens of words. */
import type { Vocabulary } from './vocabulary.ts';

/** The tokens of a word: id, start, end; id, start, end; … in units of the word. */
export type WordTokens = readonly number[];

/** The tokens of a word in small steps, some at a time; a step may yield none. */
export type WordSteps = Generator<WordTokens, void, undefined>;

/** A model: what makes tokens of a word, which nothing around it changes. */
export interface WordModel {
  /** The tokens that a model knows, with their ids. */
  readonly vocabulary: Vocabulary;
  /** The tokens of a word. */
  tokens(word: string): WordTokens;
  /** The tokens of a long word. */
  tokensInSteps(word: string): WordSteps;
  /**
   * The first place from `from` to before `to` where a word can be cut into two that are tokenized by
   * themselves; -1 where there is none. Undefined where words are never cut.
   */
  readonly cutAt?: (text: string, from: number, to: number) => number;
  /** What tokens begin with that go on a word, such as `##`. Undefined where no mark tells them apart. */
  readonly continuingPrefix?: string | undefined;
}

/** What a step without tokens yields. */
export const NO_TOKENS: WordTokens = [];

/** All tokens of a word. */
export function allOf(steps: WordSteps): WordTokens {
  let all = NO_TOKENS;
  let own: number[] | undefined;
  for (const tokens of steps) {
    if (all.length === 0) {
      all = tokens;
      continue;
    }
    own ??= [...all];
    for (const value of tokens) own.push(value);
    all = own;
  }
  return all;
}
