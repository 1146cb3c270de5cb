/** What a golden says of texts, and what a tokenizer makes of them instead. */
import type { Encoding, Tokenizer } from './index.ts';

/** The columns of an encoding, as the originals have them. */
export interface GoldenEncoding {
  readonly ids: readonly number[];
  readonly offsets: readonly (readonly [number, number] | null)[];
  readonly typeIds: readonly number[];
  readonly special: readonly number[];
  /** Indices of tokens whose offsets may differ. */
  readonly loose?: readonly number[];
}

/** A line of a golden. It has either the columns or windows. */
export interface GoldenLine extends Partial<GoldenEncoding> {
  readonly i: number;
  readonly why: string;
  readonly text: string;
  readonly pair?: string;
  readonly first?: number;
  readonly decode?: string;
  readonly maxLength?: number;
  readonly stride?: number;
  readonly addSpecialTokens?: boolean;
  readonly windows?: readonly GoldenEncoding[];
  /** The ids of the slow tokenizer: of the text, or of each window. */
  readonly slow?: readonly number[] | readonly (readonly number[])[];
  readonly prefer?: 'slow' | 'fast';
}

/** A folder and its lines. */
export interface GoldenCase {
  readonly id: string;
  readonly group: string;
  readonly dir: string;
  readonly file: string;
  readonly built?: string;
  readonly batch?: {
    readonly lines: readonly number[];
    readonly ids: readonly (readonly number[])[];
    readonly mask: readonly (readonly number[])[];
    readonly typeIds: readonly (readonly number[])[];
  };
}

/** The lines of a file. */
export function linesIn(text: string): readonly GoldenLine[] {
  return text
    .trim()
    .split('\n')
    .map((line) => JSON.parse(line) as GoldenLine);
}

function encode(tokenizer: Tokenizer, line: GoldenLine): readonly Encoding[] {
  const { text, pair, addSpecialTokens, maxLength, stride } = line;
  return maxLength === undefined
    ? [tokenizer.encode(text, { pair, addSpecialTokens })]
    : tokenizer.encode(text, { pair, addSpecialTokens, maxLength, stride }).windows;
}

const expected = (line: GoldenLine) => line.windows ?? [line as GoldenEncoding];

/** The slow tokenizer's ids of each window. */
const slowIds = ({ slow, windows }: GoldenLine) => (windows === undefined ? [slow] : slow);

const same = (a: unknown, b: unknown) => JSON.stringify(a) === JSON.stringify(b);

/** What differs in a line, in words; `chooses` says whether the preferred ids are asked for. */
export function differences(tokenizer: Tokenizer, line: GoldenLine, chooses: boolean): readonly string[] {
  const encodings = encode(tokenizer, line);
  const where = `line ${line.i} (${line.why})`;
  const ids = encodings.map((encoding) => encoding.ids);
  const isFast = same(
    ids,
    expected(line).map((window) => window.ids),
  );
  const isSlow = line.slow !== undefined && same(ids, slowIds(line));
  if (!isFast && !isSlow) return [`${where}: ids ${JSON.stringify(ids)}`];
  if (chooses && line.slow !== undefined && (line.prefer === 'slow') !== isSlow)
    return [`${where}: not the preferred ids`];
  // Offsets, types and texts are only there for the ids of the fast one.
  if (!isFast)
    return encodings.flatMap((encoding) => disorder(encoding, line).map((what) => `${where}: ${what}`));
  const differing = expected(line).flatMap((window, k) => columns(encodings[k], window, line, k));
  return differing.map((what) => `${where}: ${what}`);
}

function columns(ours: Encoding, window: GoldenEncoding, line: GoldenLine, k: number): readonly string[] {
  const result = [...disorder(ours, line)];
  if (!same(ours.special, window.special)) result.push(`special ${ours.special.join()}`);
  // The library gives the second text type 1 in all windows but the first, whatever its template says.
  const hasTypes = expected(line)[0].typeIds.includes(1);
  const typeIds = k > 0 && !hasTypes ? window.typeIds.map(() => 0) : window.typeIds;
  if (!same(typeIds, ours.typeIds)) result.push(`types ${ours.typeIds.join()}`);
  const loose = new Set(window.loose);
  for (const [i, span] of window.offsets.entries()) {
    const own = ours.offsets[i];
    if (same(own, span)) continue;
    if (!loose.has(i) || !isBetween(own, i, window, loose, ours.sequences))
      result.push(`offset ${i} is ${JSON.stringify(own)}, not ${JSON.stringify(span)}`);
  }
  return result;
}

/** Whether a loose span stays between the firm ones of the same text around it. */
function isBetween(
  span: Encoding['offsets'][number],
  i: number,
  { offsets }: GoldenEncoding,
  loose: ReadonlySet<number>,
  sequences: Encoding['sequences'],
): boolean {
  if (span === null) return false;
  let before = i - 1;
  while (loose.has(before) && sequences[before] === sequences[i]) before -= 1;
  let after = i + 1;
  while (loose.has(after) && sequences[after] === sequences[i]) after += 1;
  const least = sequences[before] === sequences[i] ? (offsets[before]?.[1] ?? 0) : 0;
  const most = sequences[after] === sequences[i] ? (offsets[after]?.[0] ?? Infinity) : Infinity;
  return least <= span[0] && span[1] <= most;
}

/** Spans that lie outside of their text, or go back. */
function disorder({ offsets, sequences }: Encoding, line: GoldenLine): readonly string[] {
  const last = [0, 0];
  return offsets.flatMap((span, i) => {
    const sequence = sequences[i];
    if (span === null || sequence === null)
      return span === null && sequence === null ? [] : [`token ${i} has half a place`];
    const [start, end] = span;
    const { length } = sequence === 0 ? line.text : (line.pair ?? '');
    const isIn = 0 <= start && start <= end && end <= length && start >= last[sequence];
    last[sequence] = start;
    return isIn ? [] : [`offset ${i} is ${JSON.stringify(span)} of ${length}`];
  });
}
