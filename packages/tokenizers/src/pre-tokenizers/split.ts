/** Pre-tokenizers that cut at the matches of a pattern, and what becomes of the matches. */
import { STRIDE } from '../steps.ts';
import { WHITE_SPACE, WORD } from '../text/characters.ts';
import { regexMatcher, type Matcher } from '../text/pattern.ts';
import type { PreTokenizer } from './pre-tokenizer.ts';

/**
 * What becomes of a match: it goes, stands alone, or joins the piece before or after it, or the next match.
 */
export type SplitBehavior = 'Removed' | 'Isolated' | 'MergedWithPrevious' | 'MergedWithNext' | 'Contiguous';

/** The names of all behaviors. */
export const BEHAVIORS: readonly SplitBehavior[] = [
  'Removed',
  'Isolated',
  'MergedWithPrevious',
  'MergedWithNext',
  'Contiguous',
];

/** `Split`: cuts at the matches, or with `inverted` at what lies between them. */
export function split(matcher: Matcher, behavior: SplitBehavior, inverted = false): PreTokenizer {
  return function* ({ source, bounds }) {
    const result: number[] = [];
    let paused = 0;
    for (let i = 0; i < bounds.length; i += 2) {
      const [from, to] = [bounds[i], bounds[i + 1]];
      const isWhole = from === 0 && to === source.text.length;
      const text = isWhole ? source.text : source.text.slice(from, to);
      const cuts = new Cuts(result, behavior, from);
      const matches = matcher(text);
      let done = 0;
      for (let match = matches.next(); match !== undefined; match = matches.next()) {
        if (match.start > done) cuts.add(done, match.start, inverted);
        cuts.add(match.start, match.end, !inverted);
        done = match.end;
        if (from + done - paused > STRIDE) {
          paused = from + done;
          yield;
        }
      }
      if (done < text.length) cuts.add(done, text.length, inverted);
      cuts.finish();
    }
    return { source, bounds: result };
  };
}

/** Collects the pieces of one piece. */
class Cuts {
  private readonly bounds: number[];
  private readonly behavior: SplitBehavior;
  private readonly offset: number;
  /** The piece that may still grow. */
  private start = -1;
  private end = -1;
  private wasMatch = false;

  constructor(bounds: number[], behavior: SplitBehavior, offset: number) {
    this.bounds = bounds;
    this.behavior = behavior;
    this.offset = offset;
  }

  add(start: number, end: number, isMatch: boolean): void {
    const joins = this.start !== -1 && this.joins(isMatch);
    if (!joins) {
      this.finish();
      if (isMatch && this.behavior === 'Removed') return;
      this.start = start;
    }
    this.end = end;
    this.wasMatch = isMatch;
  }

  finish(): void {
    if (this.start !== -1) this.bounds.push(this.offset + this.start, this.offset + this.end);
    this.start = -1;
  }

  private joins(isMatch: boolean): boolean {
    switch (this.behavior) {
      case 'Removed':
      case 'Isolated':
        return false;
      case 'MergedWithPrevious':
        return isMatch && !this.wasMatch;
      case 'MergedWithNext':
        return !isMatch && this.wasMatch;
      case 'Contiguous':
        return isMatch === this.wasMatch;
      default:
        return this.behavior satisfies never;
    }
  }
}

/** ASCII's symbols and Unicode's punctuation, as members of a class. */
const PUNCTUATION = String.raw`!-\/:-@\[-\x60{-~\p{P}`;

/** `WhitespaceSplit`: words between white space. */
export function whitespaceSplit(): PreTokenizer {
  return split(regexMatcher(new RegExp(`[^${WHITE_SPACE}]+`, 'gu')), 'Removed', true);
}

/** `Whitespace`: runs of word characters, and runs of others that are not white space. */
export function whitespace(): PreTokenizer {
  return split(regexMatcher(new RegExp(`[${WORD}]+|[^${WORD}${WHITE_SPACE}]+`, 'gu')), 'Removed', true);
}

/** `BertPreTokenizer`: words between white space, each mark of punctuation by itself. */
export function bertPreTokenizer(): PreTokenizer {
  const regex = new RegExp(`[^${WHITE_SPACE}${PUNCTUATION}]+|[${PUNCTUATION}]`, 'gu');
  return split(regexMatcher(regex), 'Removed', true);
}

/** `Punctuation`: cuts at ASCII's symbols and at Unicode's punctuation. */
export function punctuation(behavior: SplitBehavior): PreTokenizer {
  return split(regexMatcher(new RegExp(`[${PUNCTUATION}]`, 'gu')), behavior);
}

/** `Digits`: cuts at numbers, each digit or each run of them. */
export function digits(individual: boolean): PreTokenizer {
  return split(regexMatcher(/\p{N}/gu), individual ? 'Isolated' : 'Contiguous');
}
