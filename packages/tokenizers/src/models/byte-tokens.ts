/** Tokens for the bytes of characters that no other token has: `<0xE4>`. */
import { isInUtf8 } from '../text/byte-letters.ts';
import { bytesOf } from '../text/characters.ts';

/** The token of a byte. */
export function byteToken(byte: number): string {
  return `<0x${byte.toString(16).toUpperCase().padStart(2, '0')}>`;
}

/** The ids that a vocabulary has for the tokens of bytes. */
export class ByteTokens {
  /** Whether every text can be written in them. */
  readonly areComplete: boolean;
  private readonly ids: readonly (number | undefined)[];

  constructor(idOf: (token: string) => number | undefined) {
    this.ids = Array.from({ length: 256 }, (_, byte) => idOf(byteToken(byte)));
    this.areComplete = this.ids.every((id, byte) => id !== undefined || !isInUtf8(byte));
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
