/** Cuts a text into pages, so that a whole novel costs no more than a page of it. */

/** About so many characters stand on a page. */
const PAGE = 3000;

/** Where pages begin, ascending; the first is 0. A page ends with a paragraph, a line or a word. */
export function pagesOf(text: string): readonly number[] {
  const starts = [0];
  for (;;) {
    const start = starts[starts.length - 1];
    if (text.length - start <= PAGE * 1.3) return starts;
    const window = text.slice(start + PAGE * 0.7, start + PAGE * 1.3);
    const end = ['\n\n', '\n', '. ', ' '].map((mark) => lastEnd(window, mark)).find((place) => place > 0);
    starts.push(start + (end === undefined ? PAGE : Math.floor(PAGE * 0.7) + end));
  }
}

function lastEnd(text: string, mark: string): number {
  const at = text.lastIndexOf(mark);
  return at < 0 ? 0 : at + mark.length;
}

/** The page that a place of the text is on. */
export function pageAt(starts: readonly number[], place: number): number {
  let [low, high] = [0, starts.length - 1];
  while (low < high) {
    const middle = (low + high + 1) >> 1;
    if (starts[middle] <= place) low = middle;
    else high = middle - 1;
  }
  return low;
}

/** A piece of a page: the text, and the thing that marks it. */
export interface Piece<T> {
  readonly start: number;
  readonly text: string;
  readonly mark?: T;
}

/** The pieces of a page. Marks are in the order of the text; of two that overlap the first one counts. */
export function piecesOf<T extends { readonly start: number; readonly end: number }>(
  text: string,
  [from, to]: readonly [number, number],
  marks: readonly T[],
): readonly Piece<T>[] {
  const pieces: Piece<T>[] = [];
  let at = from;
  for (const mark of marks) {
    const [start, end] = [Math.max(at, mark.start), Math.min(to, mark.end)];
    if (start >= end) continue;
    if (start > at) pieces.push({ start: at, text: text.slice(at, start) });
    pieces.push({ start, text: text.slice(start, end), mark });
    at = end;
  }
  if (at < to) pieces.push({ start: at, text: text.slice(at, to) });
  return pieces;
}

/** The marks without those that overlap a mark that stays and stands before them in the list. */
export function withoutOverlaps<T extends { readonly start: number; readonly end: number }>(
  marks: readonly T[],
): readonly T[] {
  return marks.reduce<readonly T[]>((free, mark) => {
    const isFree = free.every(({ start, end }) => end <= mark.start || mark.end <= start);
    return isFree ? [...free, mark] : free;
  }, []);
}

/**
 * Lines that were broken at a fixed width flow again. The text keeps its length, and so all of its places.
 */
export function flowing(text: string): string {
  return text.replaceAll(/(?<=[^\n]{50})\n(?=\S)/g, ' ');
}
