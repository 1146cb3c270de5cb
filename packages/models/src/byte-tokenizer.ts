/** A tokenizer whose tokens are UTF-8 bytes, for models without the files of a tokenizer. */
import { aString, checkArgument, integer } from '@attn/core/backend';
import { readIntegerList } from './inputs/integers.ts';
import type { TextTokenizer } from './tokenizer.ts';

const WHERE = 'models/byteTokenizer';

/**
 * Returns a tokenizer of UTF-8 bytes. An id is a byte plus `first`;
 * other ids are special and have no text. Errors: `INVALID_ARGUMENT`.
 *
 * @example
 * byteTokenizer(2).encode('hi').ids; // [106, 107]
 */
export function byteTokenizer(first: number): TextTokenizer {
  checkArgument(WHERE, 'first', first, integer());
  return {
    encode: (text) => ({
      ids: Array.from(
        new TextEncoder().encode(checkArgument(WHERE, 'text', text, aString)),
        (byte) => byte + first,
      ),
      before: 0,
      after: 0,
    }),
    decode: (ids) => {
      const bytes = readIntegerList({ where: WHERE, name: 'ids' }, ids, Infinity, -Infinity)
        .map((id) => id - first)
        .filter((byte) => byte >= 0 && byte < 256);
      // A byte order mark is part of the text.
      return new TextDecoder('utf-8', { ignoreBOM: true }).decode(Uint8Array.from(bytes));
    },
  };
}
