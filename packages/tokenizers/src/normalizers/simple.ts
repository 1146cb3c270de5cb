/** Normalizers of a few lines. */
import { STRIDE } from '../steps.ts';
import { AlignedBuilder, withUnit } from '../text/aligned.ts';
import { unitsAt } from '../text/units.ts';
import { LETTERS } from '../text/byte-letters.ts';
import { bytesOf, isWhiteSpace } from '../text/characters.ts';
import type { Matcher } from '../text/pattern.ts';
import { mapCharacters, type Normalizer } from './normalizer.ts';

/** `Lowercase`: code point by code point. */
export function lowercase(): Normalizer {
  return mapCharacters((character) => character.toLowerCase());
}

/** `StripAccents`: without marks. */
export function stripAccents(): Normalizer {
  return mapCharacters((character) => (/\p{M}/u.test(character) ? '' : character));
}

/** `Nmt`: without controls, with plain spaces. */
export function nmt(): Normalizer {
  return mapCharacters((character, code) => {
    if ((code >= 1 && code <= 8) || code === 11 || (code >= 14 && code <= 31)) return '';
    if (code === 0x7f || code === 0x8f || code === 0x9f) return '';
    const isSpace =
      code === 9 ||
      code === 10 ||
      code === 12 ||
      code === 13 ||
      code === 0x1680 ||
      (code >= 0x200b && code <= 0x200f) ||
      code === 0x2028 ||
      code === 0x2029 ||
      code === 0x2581 ||
      code === 0xfeff ||
      code === 0xfffd;
    return isSpace ? ' ' : character;
  });
}

/** `ByteLevel`: each UTF-8 byte becomes GPT-2's letter for it. */
export function byteLetters(): Normalizer {
  return mapCharacters((character) => Array.from(bytesOf(character), (byte) => LETTERS[byte]).join(''));
}

/** `Strip`: without white space at one end or both. */
export function strip(atStart: boolean, atEnd: boolean): Normalizer {
  // oxlint-disable-next-line require-yield
  return function* (source) {
    const { text } = source;
    let [from, to] = [0, text.length];
    if (atStart) while (from < to && isWhiteSpace(text.charCodeAt(from))) from += 1;
    if (atEnd) while (to > from && isWhiteSpace(text.charCodeAt(to - 1))) to -= 1;
    return from === 0 && to === text.length ? source : source.slice(from, to);
  };
}

/** `Prepend`: a text in front of what is not empty; it has the span of the first character. */
export function prepend(prefix: string): Normalizer {
  return function* (source) {
    const { text } = source;
    if (text === '' || prefix === '') return source;
    const builder = new AlignedBuilder(text.length + prefix.length);
    builder.addText(prefix, source.startAt(0), source.endBefore(unitsAt(text, 0)));
    yield* builder.addLongSlice(source, 0, text.length);
    return builder.finish(source.origin);
  };
}

/** `Replace` of one unit by another, everywhere. */
export function replaceUnit(unit: string, content: string): Normalizer {
  return (source) => withUnit(source, unit, content);
}

/** `Replace`: a text in the place of each match; it has the span of the match's last character. */
export function replace(matcher: Matcher, content: string): Normalizer {
  return function* (source) {
    const { text } = source;
    const matches = (yield* matcher(text))(0, text.length);
    let match = matches.next();
    if (match === undefined) return source;
    const builder = new AlignedBuilder(text.length);
    let [done, paused] = [0, 0];
    for (; match !== undefined; match = matches.next()) {
      const { start, end } = match;
      yield* builder.addLongSlice(source, done, start);
      builder.addText(content, source.startAt(lastCharacter(text, end)), source.endBefore(end));
      done = end;
      if (done - paused > STRIDE) {
        paused = done;
        yield;
      }
    }
    yield* builder.addLongSlice(source, done, text.length);
    return builder.finish(source.origin);
  };
}

/** Where the character before `end` begins. */
function lastCharacter(text: string, end: number): number {
  return end >= 2 && unitsAt(text, end - 2) === 2 ? end - 2 : end - 1;
}
