/** `ByteLevel`: words by GPT-2's pattern, and each UTF-8 byte as GPT-2's letter for it. */
import { STRIDE, type Steps } from '../steps.ts';
import { AlignedBuilder, mappedUnits, type Aligned, type Pieces } from '../text/aligned.ts';
import { Bounds } from '../text/bounds.ts';
import { LETTERS } from '../text/byte-letters.ts';
import { utf8Byte, utf8Length } from '../text/characters.ts';
import { matcherOf } from '../text/pattern.ts';
import { isAscii, unitsAt } from '../text/units.ts';
import { prefixed } from './prefixed.ts';
import type { PreTokenizer } from './pre-tokenizer.ts';
import { split } from './split.ts';

/** The options of `ByteLevel`. */
export interface ByteLevelOptions {
  /** Whether a space is put before each piece that does not begin with one. */
  readonly addPrefixSpace: boolean;
  /** Whether pieces are cut into GPT-2's words. */
  readonly useRegex: boolean;
}

/** GPT-2's words. They follow each other without a gap. */
const WORDS = "'s|'t|'re|'ve|'m|'ll|'d| ?\\p{L}+| ?\\p{N}+| ?[^\\s\\p{L}\\p{N}]+|\\s+(?!\\S)|\\s+";

/** The pre-tokenizer with these options. */
export function byteLevel({ addPrefixSpace, useRegex }: ByteLevelOptions): PreTokenizer {
  const words = useRegex ? split(matcherOf(WORDS), 'Isolated') : undefined;
  return function* (pieces) {
    let result = pieces;
    if (addPrefixSpace) result = yield* prefixed(pieces, ' ', (text, at) => text[at] !== ' ');
    if (words !== undefined) result = yield* words(result);
    return yield* spelled(result);
  };
}

/** Letters for bytes. */
function* spelled({ source, bounds }: Pieces): Steps<Pieces> {
  const { text } = source;
  if (yield* isAscii(text))
    return { source: yield* mappedUnits(source, (unit) => LETTER_UNITS[unit]), bounds };
  const builder = new AlignedBuilder(text.length * 2);
  const result = new Bounds(bounds.count);
  let paused = 0;
  for (let i = 0; i < bounds.count; i++) {
    const start = builder.length;
    for (let index = bounds.from(i); index < bounds.to(i);) {
      index += addLetters(builder, source, index);
      if (index - paused > STRIDE) {
        paused = index;
        yield;
      }
    }
    result.add(start, builder.length);
  }
  return { source: builder.finish(source.origin), bounds: result };
}

const LETTER_UNITS = Uint16Array.from(LETTERS, (letter) => letter.charCodeAt(0));

/** Adds the letters of the character at `index`; returns how many units it has. */
function addLetters(builder: AlignedBuilder, source: Aligned, index: number): number {
  const units = unitsAt(source.text, index);
  const unit = source.text.charCodeAt(index);
  // Half a surrogate pair is no text: it counts as U+FFFD.
  const isHalf = units === 1 && unit >= 0xd800 && unit <= 0xdfff;
  const code = isHalf ? 0xfffd : (source.text.codePointAt(index) ?? 0);
  const length = utf8Length(code);
  const [start, end] = [source.startAt(index), source.endBefore(index + units)];
  for (let i = 0; i < length; i++) builder.add(LETTER_UNITS[utf8Byte(code, length, i)], start, end);
  return units;
}
