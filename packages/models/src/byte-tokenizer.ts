/** Texts as their UTF-8 bytes, for models that read bytes and need no tokenizer.json. */
import type { TextTokenizer } from './tokenizer.ts';

/** An id is a byte plus `first`; ids that are no byte are special and have no text. */
export function byteTokenizer(first: number): TextTokenizer {
  return {
    encode: (text) => ({
      ids: Array.from(new TextEncoder().encode(text), (byte) => byte + first),
      before: 0,
      after: 0,
    }),
    decode: (ids) => {
      const bytes = ids.map((id) => id - first).filter((byte) => byte >= 0 && byte < 256);
      // A byte order mark is part of the text.
      return new TextDecoder('utf-8', { ignoreBOM: true }).decode(Uint8Array.from(bytes));
    },
  };
}
