/**
 * How every model is run: word by word, the tokens of short words remembered, long words cut where no token
 * can reach over the cut, and what remains long worked on in small steps.
 */
import { STRIDE, type Steps } from '../steps.ts';
import type { Aligned, Pieces } from '../text/aligned.ts';
import type { TokenList } from './token-list.ts';
import type { Vocabulary } from './vocabulary.ts';

/** The tokens of a word: id, start, end; id, start, end; … in units of the word. */
export type WordTokens = readonly number[];

/** A model: what makes tokens of a word, which nothing around it changes. */
export interface WordModel {
  /** The tokens that a model knows, with their ids. */
  readonly vocabulary: Vocabulary;
  /** The tokens of a word. */
  tokens(word: string): WordTokens;
  /** The tokens of a long word, some at a time; a step may yield none. */
  tokensInSteps(word: string): Generator<WordTokens, void, undefined>;
  /**
   * Where the first part of `text` between `from` and `to` ends that can be tokenized by itself, `to` where
   * it cannot be cut. Undefined where words are never cut.
   */
  readonly cut?: (text: string, from: number, to: number) => number;
}

/** Longest word that is remembered. */
const SHORT = 48;

/** Longest word that is worked on in one step. */
const LONG = 4_096;

/** Words that are remembered. */
const MOST_WORDS = 40_000;

/** Runs a model over pieces of text. */
export class WordRunner {
  readonly model: WordModel;
  private words = new Map<string, WordTokens>();

  constructor(model: WordModel) {
    this.model = model;
  }

  /** Adds the tokens of all pieces to `out`. */
  *run({ source, bounds }: Pieces, out: TokenList): Steps<void> {
    const { text } = source;
    let paused = 0;
    for (let i = 0; i < bounds.length; i += 2) {
      const [from, to] = [bounds[i], bounds[i + 1]];
      if (to - from <= SHORT) addTokens(out, source, from, this.short(text.slice(from, to)));
      else yield* this.long(source, from, to, out);
      if (from - paused > STRIDE / 4) {
        paused = from;
        yield;
      }
    }
  }

  private *inSteps(source: Aligned, start: number, word: string, out: TokenList): Steps<void> {
    for (const tokens of this.model.tokensInSteps(word)) {
      addTokens(out, source, start, tokens);
      yield;
    }
  }

  private short(word: string): WordTokens {
    const cached = this.words.get(word);
    if (cached !== undefined) return cached;
    const tokens = this.model.tokens(word);
    if (this.words.size >= MOST_WORDS) this.words.clear();
    // A slice of a text keeps the whole text in memory; the key must be its own.
    this.words.set(ownCopy(word), tokens);
    return tokens;
  }

  private *long(source: Aligned, from: number, to: number, out: TokenList): Steps<void> {
    const { text } = source;
    let paused = from;
    for (let start = from; start < to;) {
      const end = this.model.cut?.(text, start, to) ?? to;
      const word = text.slice(start, end);
      if (word.length <= SHORT) addTokens(out, source, start, this.short(word));
      else if (word.length <= LONG) addTokens(out, source, start, this.model.tokens(word));
      else yield* this.inSteps(source, start, word, out);
      start = end;
      if (start - paused > STRIDE / 4) {
        paused = start;
        yield;
      }
    }
  }
}

/** What a step without tokens yields. */
export const NO_TOKENS: WordTokens = [];

function addTokens(out: TokenList, source: Aligned, offset: number, tokens: WordTokens): void {
  for (let i = 0; i < tokens.length; i += 3) {
    out.add(tokens[i], source.startAt(offset + tokens[i + 1]), source.endBefore(offset + tokens[i + 2]));
  }
}

function ownCopy(text: string): string {
  return JSON.parse(JSON.stringify(text)) as string;
}
