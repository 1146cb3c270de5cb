/**
 * Texts that are longer than a model: overlapping windows, each with the special tokens
 * around it, and which window's state counts for which token. In an overlap the earlier
 * window counts for the first half and the later one for the second, so that no token
 * is judged from the edge of what its window sees unless it is at the edge of the text.
 */
import type { TokenizedText } from '../tokenizer.ts';

/** One window of a text. */
export interface TextWindow {
  /** Number of the text. */
  readonly text: number;
  readonly ids: readonly number[];
  /** The states from `from` to `to` of this window become those of the text's tokens from `at`. */
  readonly from: number;
  readonly to: number;
  readonly at: number;
}

/**
 * The windows of one text: one if it fits. `overlap` is less than
 * what `maxLength` leaves beside the special tokens.
 */
export function windowsOf(
  text: number,
  { ids, before, after }: TokenizedText,
  maxLength: number,
  overlap: number,
): readonly TextWindow[] {
  if (ids.length <= maxLength) return [{ text, ids, from: 0, to: ids.length, at: 0 }];
  const [prefix, suffix] = [ids.slice(0, before), ids.slice(ids.length - after)];
  const own = ids.slice(before, ids.length - after);
  const room = maxLength - before - after;
  const windows: TextWindow[] = [];
  const half = Math.floor(overlap / 2);
  for (let start = 0; ; start += room - overlap) {
    const isFirst = start === 0;
    const isLast = start + room >= own.length;
    const content = own.slice(start, start + room);
    const from = isFirst ? 0 : before + half;
    const to = before + content.length + (isLast ? after : half - overlap);
    windows.push({
      text,
      ids: [...prefix, ...content, ...suffix],
      from,
      to,
      at: isFirst ? 0 : before + start + half,
    });
    if (isLast) return windows;
  }
}
