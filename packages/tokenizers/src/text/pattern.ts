/** Patterns of tokenizer.json, `{ "String": … }` or `{ "Regex": … }`, and where they match. */
import { malformed } from '../errors.ts';
import { show } from '@attn/core/backend';
import type { Steps } from '../steps.ts';
import { letterIndex, Places } from './alphabet.ts';
import type { LetterRegex } from './letter-regex.ts';
import { translateRegex } from './regex.ts';

/** A piece of a text that a pattern fits. */
export interface Match {
  readonly start: number;
  readonly end: number;
}

/** Matches from left to right, none overlapping and none empty. */
export interface Matches {
  next(): Match | undefined;
}

/** Finds the matches between two places of a text, as if there were nothing around them. */
export type Finder = (from: number, to: number) => Matches;

/** Prepares a text to be searched, in small steps. */
export type Matcher = (text: string) => Steps<Finder>;

/** The matcher of a pattern as tokenizer.json writes it. Errors: `MALFORMED_FILE`, `UNSUPPORTED`. */
export function readPattern(pattern: unknown, file: string): Matcher {
  if (typeof pattern === 'string') return stringMatcher(pattern);
  const { String: text, Regex: regex } = Object(pattern) as {
    readonly String?: unknown;
    readonly Regex?: unknown;
  };
  if (typeof text === 'string') return stringMatcher(text);
  if (typeof regex === 'string') return matcherOf(regex, file);
  throw malformed(file, `a pattern must be {"String": …} or {"Regex": …}, got ${show(pattern)}`);
}

/**
 * The matcher of a regular expression: of our own, or of a file. Errors: `MALFORMED_FILE`, `UNSUPPORTED`.
 */
export function matcherOf(pattern: string, file = ''): Matcher {
  return regexMatcher(translateRegex(pattern, file));
}

/** Finds a text itself. An empty one is nowhere, and so is half a surrogate pair. */
export function stringMatcher(content: string): Matcher {
  const isNowhere = content === '' || /\p{Cs}/u.test(content);
  // oxlint-disable-next-line require-yield
  return function* (text) {
    return (from, to) => {
      const part = from === 0 && to === text.length ? text : text.slice(from, to);
      let at = 0;
      return {
        next() {
          const start = isNowhere ? -1 : part.indexOf(content, at);
          if (start === -1) return undefined;
          at = start + content.length;
          return { start: from + start, end: from + at };
        },
      };
    };
  };
}

function regexMatcher(regex: LetterRegex): Matcher {
  return function* (text) {
    const lettered = yield* regex.alphabet.lettered(text);
    const { letters } = lettered;
    const matching = regex.regExp();
    return (from, to) => {
      const first = letterIndex(lettered, from);
      const isWhole = from === 0 && to === text.length;
      const part = isWhole ? letters : letters.slice(first, letterIndex(lettered, to));
      const places = new Places(lettered, from);
      let at = 0;
      return {
        next() {
          // Other searches use the same expression between two calls.
          matching.lastIndex = at;
          for (let match = matching.exec(part); match !== null; match = matching.exec(part)) {
            at = match.index + match[0].length;
            if (at > match.index)
              return { start: places.unitOf(first + match.index), end: places.unitOf(first + at) };
            matching.lastIndex = at + 1;
          }
          return undefined;
        },
      };
    };
  };
}
