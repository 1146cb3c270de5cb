/** `ByteLevel`: words by GPT-2's pattern, and each UTF-8 byte as GPT-2's letter for it. */
import { STRIDE, type Steps } from '../steps.ts';
import { AlignedBuilder, unitsAt, type Pieces } from '../text/aligned.ts';
import { LETTERS, SPACE_LETTER } from '../text/byte-letters.ts';
import { bytesOf, WHITE_SPACE as S } from '../text/characters.ts';
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
  if (/^[\0-\x7f]*$/.test(text)) {
    const visible = text.replaceAll(' ', SPACE_LETTER);
    // oxlint-disable-next-line no-control-regex
    const letters = visible.replace(/[\0-\x1f\x7f]/g, (control) => LETTERS[control.charCodeAt(0)]);
    return { source: source.withText(letters), bounds };
  }
  const builder = new AlignedBuilder(text.length + 64);
  const result: number[] = [];
  let paused = 0;
  for (let i = 0; i < bounds.length; i += 2) {
    const start = builder.length;
    for (let index = bounds[i]; index < bounds[i + 1];) {
      const unit = text.charCodeAt(index);
      const units = unit < 128 ? 1 : unitsAt(text, index);
      const [from, to] = [source.startAt(index), source.endBefore(index + units)];
      if (unit < 128) builder.add(LETTER_UNITS[unit], from, to);
      else for (const byte of spellingOf(text.slice(index, index + units))) builder.add(byte, from, to);
      index += units;
    }
    result.push(start, builder.length);
    if (bounds[i] - paused > STRIDE) {
      paused = bounds[i];
      yield;
    }
  }
  return { source: builder.finish(source.origin), bounds: result };
}

const LETTER_UNITS = Uint16Array.from(LETTERS, (letter) => letter.charCodeAt(0));

function spellingOf(character: string): readonly number[] {
  return Array.from(bytesOf(character), (byte) => LETTER_UNITS[byte]);
}
