/** A tokenizer whose tokens are UTF-8 bytes, for models without the files of a tokenizer. */
import { aString, checkArgument, checkOptions, integer, type OptionKinds } from '@attn/core/backend';
import { readIntegerList } from './inputs/integers.ts';
import type { TextInput, TextTokenizer, TokenizedText } from './tokenizer.ts';

const WHERE = 'models/byteTokenizer';

/** About so many bytes are a step, of some milliseconds. */
const STEP = 16_384;

const ENCODE_OPTIONS: OptionKinds<Pick<TextInput, 'pair'>> = { pair: aString };

/**
 * Returns a tokenizer of UTF-8 bytes. An id is a byte plus `first`; other ids are special and have no text.
 * All bytes of a character have its place in the text. There are no special tokens, so a pair of texts is
 * the bytes of the second after those of the first. Errors: `INVALID_ARGUMENT`.
 *
 * @example
 * byteTokenizer(2).encode('hi').ids; // [106, 107]
 */
export function byteTokenizer(first: number): TextTokenizer {
  checkArgument(WHERE, 'first', first, integer());
  const encodeSteps: TextTokenizer['encodeSteps'] = (text, options = {}) => {
    checkArgument(WHERE, 'text', text, aString);
    const { pair } = checkOptions(WHERE, options, ENCODE_OPTIONS);
    return bytesOf(pair === undefined ? [text] : [text, pair], first);
  };
  return {
    encodeSteps,
    encode: (text, options) => {
      const steps = encodeSteps(text, options);
      for (;;) {
        const step = steps.next();
        if (step.done) return step.value;
      }
    },
    decode: (ids) => {
      const bytes = readIntegerList({ where: WHERE, name: 'ids' }, ids, Infinity, -Infinity)
        .map((id) => id - first)
        .filter((byte) => byte >= 0 && byte < 256);
      // A byte order mark is part of the text.
      return new TextDecoder('utf-8', { ignoreBOM: true }).decode(Uint8Array.from(bytes));
    },
  };
}

/** The bytes of all texts, one text after the other. Yields how many UTF-16 units are done. */
function* bytesOf(texts: readonly string[], first: number): Generator<number, TokenizedText, undefined> {
  const ids: number[] = [];
  const offsets: (readonly [number, number])[] = [];
  const sequences: (0 | 1)[] = [];
  let [done, step] = [0, STEP];
  for (const [i, text] of texts.entries()) {
    const bytes = new TextEncoder().encode(text);
    let at = 0;
    for (let next = 0; next < bytes.length;) {
      const count = bytesOfCharacter(bytes[next]);
      const span = [at, at + (count === 4 ? 2 : 1)] as const;
      for (const end = next + count; next < end; next++) {
        ids.push(bytes[next] + first);
        offsets.push(span);
        sequences.push(i === 0 ? 0 : 1);
      }
      [, at] = span;
      if (ids.length < step) continue;
      step = ids.length + STEP;
      yield done + at;
    }
    done += text.length;
  }
  return { ids, offsets, sequences };
}

/** How many bytes the character has that begins with this byte. */
function bytesOfCharacter(byte: number): 1 | 2 | 3 | 4 {
  if (byte < 0x80) return 1;
  if (byte < 0xe0) return 2;
  return byte < 0xf0 ? 3 : 4;
}
