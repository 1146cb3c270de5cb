/** Tokens for the bytes of characters that no other token has: `<0xE4>`. */
import { bytesOf } from '../text/characters.ts';

/** The token of a byte. */
export function byteToken(byte: number): string {
  return `<0x${byte.toString(16).toUpperCase().padStart(2, '0')}>`;
}

/** The ids that a vocabulary has for the tokens of bytes. */
export class ByteTokens {
  private readonly ids: readonly (number | undefined)[];

  constructor(idOf: (token: string) => number | undefined) {
    this.ids = Array.from({ length: 256 }, (_, byte) => idOf(byteToken(byte)));
  }

  /** The ids of a text's bytes; undefined when one has no token. */
  idsOf(text: string): readonly number[] | undefined {
    const ids: number[] = [];
    for (const byte of bytesOf(text)) {
      const id = this.ids[byte];
      if (id === undefined) return undefined;
      ids.push(id);
    }
    return ids;
  }
}
