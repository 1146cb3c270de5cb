/** Classes of characters as Unicode and Rust have them, where JavaScript's own differ. */

/** `White_Space` of Unicode. JavaScript's `\s` lacks U+0085 and has U+FEFF. */
export const WHITE_SPACE: string = String.raw`\t-\r \x85\xa0\u1680\u2000-\u200a\u2028\u2029\u202f\u205f\u3000`;

/** Characters of words in regular expressions of Rust and Oniguruma. */
export const WORD: string = String.raw`\p{Alphabetic}\p{M}\p{Nd}\p{Pc}\p{Join_Control}`;

/** Whether a UTF-16 unit is white space; all white space has one unit. */
export function isWhiteSpace(unit: number): boolean {
  if (unit < 0x85) return unit === 32 || (unit >= 9 && unit <= 13);
  return (
    unit === 0x85 ||
    unit === 0xa0 ||
    unit === 0x1680 ||
    (unit >= 0x2000 && unit <= 0x200a) ||
    unit === 0x2028 ||
    unit === 0x2029 ||
    unit === 0x202f ||
    unit === 0x205f ||
    unit === 0x3000
  );
}

/** Whether a code point is an ideograph that BERT puts spaces around. */
export function isCjk(codePoint: number): boolean {
  return (
    (codePoint >= 0x4e00 && codePoint <= 0x9fff) ||
    (codePoint >= 0x3400 && codePoint <= 0x4dbf) ||
    (codePoint >= 0x20000 && codePoint <= 0x2a6df) ||
    (codePoint >= 0x2a700 && codePoint <= 0x2b73f) ||
    (codePoint >= 0x2b740 && codePoint <= 0x2b81f) ||
    (codePoint >= 0x2b920 && codePoint <= 0x2ceaf) ||
    (codePoint >= 0xf900 && codePoint <= 0xfaff) ||
    (codePoint >= 0x2f800 && codePoint <= 0x2fa1f)
  );
}

const encoder = new TextEncoder();

/** The UTF-8 bytes of a character; half a surrogate pair counts as U+FFFD. */
export function bytesOf(text: string): Uint8Array {
  return encoder.encode(text);
}

/** How many UTF-8 bytes a code point has. */
export function utf8Length(code: number): number {
  return code < 0x80 ? 1 : code < 0x800 ? 2 : code < 0x10000 ? 3 : 4;
}

/** Byte i of the UTF-8 form of a code point, which has `length` bytes. */
export function utf8Byte(code: number, length: number, i: number): number {
  if (length === 1) return code;
  if (i > 0) return 0x80 | ((code >>> (6 * (length - 1 - i))) & 63);
  return length === 2 ? 0xc0 | (code >>> 6) : length === 3 ? 0xe0 | (code >>> 12) : 0xf0 | (code >>> 18);
}
