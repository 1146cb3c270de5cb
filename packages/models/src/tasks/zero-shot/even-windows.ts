/**
 * Windows of one text beside several others: of pairs that have their first text in common, the first is cut
 * at the same places, whatever the length of the second.
 */
import { overlapOf } from '../../encode/fit-texts.ts';
import { repeatedOf, windowsOf, type TextWindow } from '../../encode/windows.ts';
import type { TokenizedText } from '../../tokenizer.ts';

/** How a text is split. */
export interface EvenOptions {
  /** Most tokens of a window of the pair with the longest second text. */
  readonly maxLength: number;
  readonly overlap: number | undefined;
  /** What the pair is called in messages. */
  readonly name: string;
}

/**
 * The windows of each pair, equally many. `text` of a window is the index of its pair. Errors:
 * `INVALID_ARGUMENT` where there is no room beside the longest second text, or for the overlap.
 */
export function evenWindows(
  where: string,
  pairs: readonly TokenizedText[],
  { maxLength, overlap, name }: EvenOptions,
): readonly (readonly TextWindow[])[] {
  const repeats = pairs.map((tokens) => {
    const { before, after } = repeatedOf(tokens, 0);
    return before + after;
  });
  const most = Math.max(...repeats);
  const longest = pairs[repeats.indexOf(most)];
  const shared =
    longest.ids.length > maxLength
      ? overlapOf(where, longest, name, { maxLength, overlap, splitText: 0 })
      : 0;
  return pairs.map((tokens, i) => windowsOf(i, tokens, maxLength - most + repeats[i], shared, 0));
}
