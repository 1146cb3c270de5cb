/** UTF-16 units as texts. */
import { STRIDE, type Steps } from '../steps.ts';

const decoder = new TextDecoder('utf-16le', { fatal: true, ignoreBOM: true });

/** So few units are put together one by one in less time than a decoder takes to begin. */
const FEW = 12;

/** The first `size` of some thousands of units as a text. A lone half of a surrogate pair stays a half. */
export function textOf(units: Uint16Array, size: number): string {
  if (size <= FEW) {
    let text = '';
    for (let i = 0; i < size; i++) text += String.fromCharCode(units[i]);
    return text;
  }
  try {
    return decoder.decode(units.subarray(0, size));
  } catch {
    // Half a pair, at the end of a block or by itself.
    const pieces: string[] = [];
    for (let i = 0; i < size; i += 4_096)
      pieces.push(Reflect.apply(String.fromCharCode, null, units.subarray(i, Math.min(size, i + 4_096))));
    return pieces.join('');
  }
}

/** Units of a piece so large that V8's collector of garbage leaves it where it is. */
const LARGE = 2 ** 17;

/**
 * Joins parts to one text. Some thousand small parts would be copied by each collection of garbage, for tens
 * of milliseconds where memory is new to the process.
 */
export class TextJoiner {
  private whole = '';
  private piece = '';

  /** Adds a part at the end. */
  add(part: string): void {
    this.piece += part;
    if (this.piece.length < LARGE) return;
    // Reading a character makes V8 copy the parts into one string.
    this.piece.charCodeAt(0);
    this.whole += this.piece;
    this.piece = '';
  }

  /** All parts as one text. */
  finish(): string {
    return this.whole + this.piece;
  }
}

/** How many units the character at `index` has: 2 for a surrogate pair, else 1. */
export function unitsAt(text: string, index: number): 1 | 2 {
  const unit = text.charCodeAt(index);
  if (unit < 0xd800 || unit > 0xdbff) return 1;
  const next = text.charCodeAt(index + 1);
  return next >= 0xdc00 && next <= 0xdfff ? 2 : 1;
}

/** Whether all characters of a text are ASCII's. */
export function* isAscii(text: string): Steps<boolean> {
  for (let from = 0; from < text.length; from += STRIDE) {
    // oxlint-disable-next-line no-control-regex
    if (!/^[\0-\x7f]*$/.test(text.slice(from, from + STRIDE))) return false;
    if (from > 0) yield;
  }
  return true;
}
