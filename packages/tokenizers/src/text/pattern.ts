/** Patterns of tokenizer.json, `{ "String": … }` or `{ "Regex": … }`, and where they match. */
import { malformed } from '../errors.ts';
import { show } from '@attn/core/backend';
import { translateRegex } from './regex.ts';

/** A piece of a text that a pattern fits. */
export interface Match {
  readonly start: number;
  readonly end: number;
}

/** Finds the matches of a text, from left to right, none overlapping. */
export type Matcher = (text: string) => { next(): Match | undefined };

/** The matcher of a pattern as tokenizer.json writes it. Errors: `MALFORMED_FILE`, `UNSUPPORTED`. */
export function readPattern(pattern: unknown, file: string): Matcher {
  if (typeof pattern === 'string') return stringMatcher(pattern);
  const { String: text, Regex: regex } = Object(pattern) as {
    readonly String?: unknown;
    readonly Regex?: unknown;
  };
  if (typeof text === 'string') return stringMatcher(text);
  if (typeof regex === 'string') return regexMatcher(translateRegex(regex, file));
  throw malformed(file, `a pattern must be {"String": …} or {"Regex": …}, got ${show(pattern)}`);
}

/** Finds a text itself. An empty one is nowhere. */
export function stringMatcher(content: string): Matcher {
  return (text) => {
    let from = 0;
    return {
      next() {
        const start = content === '' ? -1 : text.indexOf(content, from);
        if (start === -1) return undefined;
        from = start + content.length;
        return { start, end: from };
      },
    };
  };
}

/** Finds the matches of a regular expression with the flag `g`; empty ones are passed over. */
export function regexMatcher(regex: RegExp): Matcher {
  return (text) => {
    const own = new RegExp(regex);
    return {
      next() {
        for (let match = own.exec(text); match !== null; match = own.exec(text)) {
          const end = match.index + match[0].length;
          if (end > match.index) return { start: match.index, end };
          own.lastIndex = end + (own.unicode && (text.codePointAt(end) ?? 0) > 0xffff ? 2 : 1);
        }
        return undefined;
      },
    };
  };
}
