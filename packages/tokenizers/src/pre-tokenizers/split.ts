/** Pre-tokenizers that cut at the matches of a pattern, and what becomes of the matches. */
import { STRIDE } from '../steps.ts';
import { Bounds } from '../text/bounds.ts';
import { matcherOf, type Matcher } from '../text/pattern.ts';
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
    const find = yield* matcher(source.text);
    const result = new Bounds();
    let paused = 0;
    for (let i = 0; i < bounds.count; i++) {
      const [from, to] = [bounds.from(i), bounds.to(i)];
      const cuts = new Cuts(result, behavior);
      const matches = find(from, to);
      let done = from;
      for (let match = matches.next(); match !== undefined; match = matches.next()) {
        if (match.start > done) cuts.add(done, match.start, inverted);
        cuts.add(match.start, match.end, !inverted);
        done = match.end;
        if (done - paused > STRIDE) {
          paused = done;
          yield;
        }
      }
      if (done < to) cuts.add(done, to, inverted);
      cuts.finish();
    }
    return { source, bounds: result };
  };
}

/** Collects the pieces of one piece. */
class Cuts {
  private readonly bounds: Bounds;
  private readonly behavior: SplitBehavior;
  /** The piece that may still grow. */
  private start = -1;
  private end = -1;
  private wasMatch = false;

  constructor(bounds: Bounds, behavior: SplitBehavior) {
    this.bounds = bounds;
    this.behavior = behavior;
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
    if (this.start !== -1) this.bounds.add(this.start, this.end);
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

/** `WhitespaceSplit`: words between white space. */
export function whitespaceSplit(): PreTokenizer {
  return split(matcherOf('\\S+'), 'Removed', true);
}

/** `Whitespace`: runs of word characters, and runs of others that are not white space. */
export function whitespace(): PreTokenizer {
  return split(matcherOf('\\w+|[^\\w\\s]+'), 'Removed', true);
}

/** `BertPreTokenizer`: words between white space, each mark of punctuation by itself. */
export function bertPreTokenizer(): PreTokenizer {
  return split(matcherOf('[^\\s[:punct:]]+|[[:punct:]]'), 'Removed', true);
}

/** `Punctuation`: cuts at ASCII's symbols and at Unicode's punctuation. */
export function punctuation(behavior: SplitBehavior): PreTokenizer {
  return split(matcherOf('[[:punct:]]'), behavior);
}

/** `Digits`: cuts at numbers, each digit or each run of them. */
export function digits(individual: boolean): PreTokenizer {
  return split(matcherOf('\\p{N}'), individual ? 'Isolated' : 'Contiguous');
}
