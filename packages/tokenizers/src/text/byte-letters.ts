/** GPT-2's letters for bytes: each of the 256 bytes is a visible character of one UTF-16 unit. */

/** The letter of each byte. */
export const LETTERS: readonly string[] = letters();

const BYTES = new Map(LETTERS.map((letter, byte) => [letter, byte]));

/** The letter of a space. */
export const SPACE_LETTER: string = LETTERS[32];

/** The byte of a letter; undefined for what is no such letter. */
export function byteOf(letter: string): number | undefined {
  return BYTES.get(letter);
}

/** Bytes that no UTF-8 text has. */
export function isInUtf8(byte: number): boolean {
  return byte !== 0xc0 && byte !== 0xc1 && byte < 0xf5;
}

function letters(): string[] {
  let next = 256;
  return Array.from({ length: 256 }, (_, byte) => {
    const isVisible = (byte >= 33 && byte <= 126) || (byte >= 161 && byte <= 172) || byte >= 174;
    return String.fromCharCode(isVisible ? byte : next++);
  });
}
