/** `Metaspace`: "▁" for each space, one in front of each piece, and a new word at every "▁". */
import { withUnit, type Pieces } from '../text/aligned.ts';
import { stringMatcher } from '../text/pattern.ts';
import { prefixed } from './prefixed.ts';
import type { PreTokenizer } from './pre-tokenizer.ts';
import { split } from './split.ts';

/** The options of `Metaspace`. */
export interface MetaspaceOptions {
  /** What stands for a space: one UTF-16 unit. */
  readonly replacement: string;
  /** Which pieces begin with a mark: all, those at the start of the text, none. */
  readonly prependScheme: PrependScheme;
  /** Whether words are cut. */
  readonly split: boolean;
}

/** Which pieces begin with a mark. */
export type PrependScheme = 'always' | 'first' | 'never';

/** The pre-tokenizer with these options. */
export function metaspace(options: MetaspaceOptions): PreTokenizer {
  const { replacement, prependScheme } = options;
  const words = split(stringMatcher(replacement), 'MergedWithNext');
  return function* ({ source, bounds }) {
    const marked: Pieces = { source: yield* withUnit(source, ' ', replacement), bounds };
    const isAtStart = (index: number) => (index === 0 ? source.origin : source.startAt(index)) === 0;
    const begun =
      prependScheme === 'never'
        ? marked
        : yield* prefixed(marked, replacement, (text, at) => {
            return text[at] !== replacement && (prependScheme === 'always' || isAtStart(at));
          });
    return options.split ? yield* words(begun) : begun;
  };
}
