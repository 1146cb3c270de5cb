/** Classes of characters in regular expressions, as JavaScript writes them with the flag `u`. */
import { WHITE_SPACE, WORD } from './characters.ts';

/** Classes that are one escape: what they are inside of a bracket. */
export const CLASSES: Readonly<Record<string, string>> = {
  s: WHITE_SPACE,
  w: WORD,
  d: String.raw`\p{Nd}`,
  h: '0-9a-fA-F',
};

/** Posix brackets, as in `[[:alpha:]]`. */
export const POSIX: Readonly<Record<string, string>> = {
  alpha: String.raw`\p{Alphabetic}`,
  digit: String.raw`\p{Nd}`,
  alnum: String.raw`\p{Alphabetic}\p{Nd}`,
  upper: String.raw`\p{Uppercase}`,
  lower: String.raw`\p{Lowercase}`,
  punct: '\\p{P}$+<=>^`|~',
  space: WHITE_SPACE,
  cntrl: String.raw`\p{Cc}`,
  word: WORD,
  xdigit: '0-9a-fA-F',
};

/** All but white space, as members of a bracket. */
export const NOT_WHITE_SPACE: string = String.raw`\0-\x08\x0e-\x1f!-\x84\x86-\x9f\xa1-\u167f\u1681-\u1fff\u200b-\u2027\u202a-\u202e\u2030-\u205e\u2060-\u2fff\u3001-\u{10ffff}`;

/** Names of scripts and categories that JavaScript writes otherwise. */
export function propertyName(name: string): string {
  const trimmed = name.replaceAll(' ', '_');
  if (/^(?:[LMNPSZC][a-zA-Z&]?|Alphabetic|White_Space|Uppercase|Lowercase|ASCII|Emoji|Any)$/.test(trimmed))
    return trimmed;
  if (/^(?:Letter|Mark|Number|Punctuation|Symbol|Separator|Other)$/.test(trimmed)) return trimmed;
  const aliases: Readonly<Record<string, string>> = {
    Alpha: 'Alphabetic',
    Upper: 'Uppercase',
    Lower: 'Lowercase',
    Space: 'White_Space',
    Digit: 'Nd',
    Punct: 'P',
  };
  if (aliases[trimmed] !== undefined) return aliases[trimmed];
  return `Script=${trimmed}`;
}

/** A character as an atom. */
export function literal(character: string, ignoresCase: boolean): string {
  const members = ignoresCase ? casesOf(character) : [character];
  return members.length === 1 ? escaped(members[0]) : `[${members.map(escaped).join('')}]`;
}

/** A character as a member of a class. */
export function inBracket(character: string, ignoresCase: boolean): string {
  return (ignoresCase ? casesOf(character) : [character]).map(escaped).join('');
}

/** A character in all cases, among them the long s and the Kelvin sign. */
function casesOf(character: string): readonly string[] {
  const lower = character.toLowerCase();
  const others = lower === 's' ? ['ſ'] : lower === 'k' ? ['\u212a'] : [];
  const upper = character.toUpperCase();
  return [...new Set([character, lower, ...(upper.length === character.length ? [upper] : []), ...others])];
}

function escaped(character: string): string {
  return `\\u{${(character.codePointAt(0) ?? 0).toString(16)}}`;
}
