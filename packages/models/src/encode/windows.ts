/**
 * Splits a text that is longer than the model into overlapping windows, each with the special
 * tokens around it, and says which window's state counts for which token. In an overlap the
 * earlier window counts for the first half and the later window for the second half. So no
 * token's state comes from the edge of a window, except at the edges of the text.
 */
import type { TokenizedText } from '../tokenizer.ts';

/** One window of a text. */
export interface TextWindow {
  /** Index of the text. */
  readonly text: number;
  readonly ids: readonly number[];
  /** The states from `from` to `to` of this window become those of the text's tokens from `at`. */
  readonly from: number;
  readonly to: number;
  readonly at: number;
}

/**
 * The windows of one text; a single window if it fits. `overlap` must
 * be less than `maxLength` minus the number of special tokens.
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
