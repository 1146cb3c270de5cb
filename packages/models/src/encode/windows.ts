/**
 * Splits a text that is longer than the model into overlapping windows, each with the special tokens around
 * it, and says which window's state counts for which token. Of a pair, one text is split, and the whole other
 * text stands in every window. In an overlap the earlier window counts for the first half and the
 * later window for the second half. So no state of a token of the text that is split comes from the edge of
 * a window, except at the edges of the text. What every window repeats counts in all windows alike.
 */
import type { TokenizedText } from '../tokenizer.ts';

/** States from `from` to before `to` of a window: those of the text's tokens from `at`. */
export interface WindowPart {
  readonly from: number;
  readonly to: number;
  readonly at: number;
  /** The share of these states in those of the tokens; below 1 where other windows have the same tokens. */
  readonly share: number;
}

/** One window of a text. */
export interface TextWindow {
  /** Index of the text. */
  readonly text: number;
  readonly ids: readonly number[];
  readonly typeIds: readonly number[] | undefined;
  readonly parts: readonly WindowPart[];
  /** One divided by the number of windows of the text. */
  readonly share: number;
}

/** How much further on the tokens of the text that is split stand in that text than in a window. */
export function shiftOf({ parts }: Pick<TextWindow, 'parts'>): number {
  const { from, at } = parts[1] ?? parts[0];
  return at - from;
}

/** How many tokens every window repeats. */
export interface Repeated {
  readonly before: number;
  readonly after: number;
}

/**
 * The tokens around those that windows split: around one text of a pair, by default the second, or around a
 * single text, of which windows repeat only special tokens.
 */
export function repeatedOf({ ids, sequences }: TokenizedText, splitText: 0 | 1 = 1): Repeated {
  if (sequences === undefined) return { before: 0, after: 0 };
  const split = isPair({ sequences }) ? splitText : 0;
  const first = sequences.indexOf(split);
  if (first < 0) return { before: ids.length, after: 0 };
  return { before: first, after: ids.length - 1 - sequences.lastIndexOf(split) };
}

/** Whether there are tokens of a second text. */
export function isPair({ sequences }: Pick<TokenizedText, 'sequences'>): boolean {
  return sequences?.includes(1) === true;
}

/**
 * The windows of one text; a single window if it fits. `overlap` must be less than what is left for it.
 * `splitText` is the text of a pair that is split.
 */
export function windowsOf(
  text: number,
  tokens: TokenizedText,
  maxLength: number,
  overlap: number,
  splitText: 0 | 1 = 1,
): readonly TextWindow[] {
  const { ids, typeIds } = tokens;
  if (ids.length <= maxLength)
    return [{ text, ids, typeIds, parts: [{ from: 0, to: ids.length, at: 0, share: 1 }], share: 1 }];
  const { before, after } = repeatedOf(tokens, splitText);
  const end = ids.length - after;
  const room = maxLength - before - after;
  const starts: number[] = [before];
  while (starts[starts.length - 1] + room < end) starts.push(starts[starts.length - 1] + room - overlap);
  const share = 1 / starts.length;
  const half = Math.floor(overlap / 2);
  return starts.map((start, i) => {
    const stop = Math.min(start + room, end);
    const ofWindow = (column: readonly number[]): readonly number[] => [
      ...column.slice(0, before),
      ...column.slice(start, stop),
      ...column.slice(end),
    ];
    const [skipped, dropped] = [i === 0 ? 0 : half, i === starts.length - 1 ? 0 : overlap - half];
    const behind = before + stop - start;
    const parts = [
      { from: 0, to: before, at: 0, share },
      { from: before + skipped, to: behind - dropped, at: start + skipped, share: 1 },
      { from: behind, to: behind + after, at: end, share },
    ];
    return { text, ids: ofWindow(ids), typeIds: typeIds && ofWindow(typeIds), parts, share };
  });
}
