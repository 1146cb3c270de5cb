/** `ByteLevel`: words by GPT-2's pattern, and each UTF-8 byte as GPT-2's letter for it. */
import { STRIDE, type Steps } from '../steps.ts';
import { AlignedBuilder, mappedUnits, unitsAt, type Aligned, type Pieces } from '../text/aligned.ts';
import { LETTERS } from '../text/byte-letters.ts';
import { utf8Byte, utf8Length, WHITE_SPACE as S } from '../text/characters.ts';
import { prefixed } from './prefixed.ts';
import type { PreTokenizer } from './pre-tokenizer.ts';

/** The options of `ByteLevel`. */
export interface ByteLevelOptions {
  /** Whether a space is put before each piece that does not begin with one. */
  readonly addPrefixSpace: boolean;
  /** Whether pieces are cut into GPT-2's words. */
  readonly useRegex: boolean;
}

/** GPT-2's words. They follow each other without a gap. */
const WORDS = `'s|'t|'re|'ve|'m|'ll|'d| ?\\p{L}+| ?\\p{N}+| ?[^${S}\\p{L}\\p{N}]+|[${S}]+(?![^${S}])|[${S}]+`;

/** The pre-tokenizer with these options. */
export function byteLevel({ addPrefixSpace, useRegex }: ByteLevelOptions): PreTokenizer {
  return function* (pieces) {
    let result = addPrefixSpace ? prefixed(pieces, ' ', (text, at) => text[at] !== ' ') : pieces;
    if (useRegex) result = yield* cutIntoWords(result);
    return yield* spelled(result);
  };
}

function* cutIntoWords({ source, bounds }: Pieces): Steps<Pieces> {
  const { text } = source;
  const words = new RegExp(WORDS, 'uy');
  const result: number[] = [];
  let paused = 0;
  for (let i = 0; i < bounds.length; i += 2) {
    const to = bounds[i + 1];
    // What stands after a piece must not be seen by the look-ahead.
    const piece = to === text.length ? text : text.slice(0, to);
    for (let from = bounds[i]; from < to; from = words.lastIndex) {
      words.lastIndex = from;
      words.test(piece);
      result.push(from, words.lastIndex);
      if (from - paused > STRIDE) {
        paused = from;
        yield;
      }
    }
  }
  return { source, bounds: result };
}

/** Letters for bytes. */
function* spelled({ source, bounds }: Pieces): Steps<Pieces> {
  const { text } = source;
  // oxlint-disable-next-line no-control-regex
  if (/^[\0-\x7f]*$/.test(text))
    return { source: yield* mappedUnits(source, (unit) => LETTER_UNITS[unit]), bounds };
  const builder = new AlignedBuilder(text.length * 2);
  const result: number[] = [];
  let paused = 0;
  for (let i = 0; i < bounds.length; i += 2) {
    const start = builder.length;
    for (let index = bounds[i]; index < bounds[i + 1];) {
      index += addLetters(builder, source, index);
      if (index - paused > STRIDE) {
        paused = index;
        yield;
      }
    }
    result.push(start, builder.length);
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
