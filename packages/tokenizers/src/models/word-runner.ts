/**
 * How every model is run: word by word, the tokens of short words remembered, long words cut where no token
 * can reach over the cut, and what remains long worked on in small steps.
 */
import { STRIDE, type Steps } from '../steps.ts';
import type { Aligned, Pieces } from '../text/aligned.ts';
import type { TokenList } from './token-list.ts';
import type { WordModel, WordTokens } from './word-model.ts';

/** Longest word that is remembered. */
const SHORT = 48;

/** Longest word that is worked on in one step. */
const LONG = 4_096;

/** Words that are remembered. */
const MOST_WORDS = 40_000;

/** Runs a model over pieces of text. */
export class WordRunner {
  private readonly model: WordModel;
  private readonly words = new Map<string, WordTokens>();

  constructor(model: WordModel) {
    this.model = model;
  }

  /** Adds the tokens of all pieces to `out`. */
  *run({ source, bounds }: Pieces, out: TokenList): Steps<void> {
    const { text } = source;
    let paused = 0;
    for (let i = 0; i < bounds.count; i++) {
      const [from, to] = [bounds.from(i), bounds.to(i)];
      out.beginWord();
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
      const end = yield* this.cutAfter(text, start, to);
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

  /** Where the first part of a long word ends that can be tokenized by itself. */
  private *cutAfter(text: string, start: number, to: number): Steps<number> {
    if (this.model.cutAt === undefined) return to;
    for (let from = start + 1; from < to; from += STRIDE) {
      if (from > start + 1) yield;
      const place = this.model.cutAt(text, from, Math.min(from + STRIDE, to));
      if (place !== -1) return place;
    }
    return to;
  }
}

function addTokens(out: TokenList, source: Aligned, offset: number, tokens: WordTokens): void {
  for (let i = 0; i < tokens.length; i += 3) {
    out.add(tokens[i], source.startAt(offset + tokens[i + 1]), source.endBefore(offset + tokens[i + 2]));
  }
}

function ownCopy(text: string): string {
  return JSON.parse(JSON.stringify(text)) as string;
}
