/** Spans of tokens as parts of the text. */
import { AttnError } from '@attn/core';
import { aString, checkArgument, fields, show, type Kind } from '@attn/core/backend';
import type { TokenSpan } from './decode-spans.ts';

/** A part of a text. */
export interface TextSpan {
  /** What it is: `private_person`, … */
  readonly type: string;
  /** Where it begins in the text, in UTF-16 units, as `text.slice` counts. */
  readonly start: number;
  /** Where it ends. */
  readonly end: number;
  /** `text.slice(start, end)`. */
  readonly text: string;
}

const WHERE = 'models/spansInText';

const aSpan = fields('{ type, start, end }', 'type', 'start', 'end');

const aList: Kind = { expected: 'a list', test: Array.isArray };

/**
 * The parts of a text that spans of its tokens are, in their order. `offsets` says where each token lies, as
 * the tokenizer does, with null for tokens that are not of the text. A span covers every character of which
 * it has a part; white space is cut off at both ends, and a span of nothing else is left out. Of spans that
 * overlap, as those of one character's bytes do, the first stays, of two that begin together the longer.
 * Errors: `INVALID_ARGUMENT`.
 *
 * @example
 * const { offsets } = tokenizer.encode(text);
 * const parts = spansInText(text, offsets, spans);
 * const names = parts.filter(({ type }) => type === 'private_person').map((part) => part.text);
 */
export function spansInText(
  text: string,
  offsets: readonly (readonly [start: number, end: number] | null)[],
  spans: readonly Pick<TokenSpan, 'type' | 'start' | 'end'>[],
): readonly TextSpan[] {
  checkArgument(WHERE, 'text', text, aString);
  checkArgument(WHERE, 'offsets', offsets, aList);
  checkArgument(WHERE, 'spans', spans, aList);
  return placeSpans(text, offsets, spans).map(({ span: { type }, start, end }) => ({
    type,
    start,
    end,
    text: text.slice(start, end),
  }));
}

/** A span of tokens, and where it lies in the text. */
export interface PlacedSpan<S> {
  readonly span: S;
  readonly start: number;
  readonly end: number;
}

/** The spans of `spansInText`, each with the span of tokens that it was made of. Errors: the same. */
export function placeSpans<S extends Pick<TokenSpan, 'type' | 'start' | 'end'>>(
  text: string,
  offsets: readonly (readonly [start: number, end: number] | null)[],
  spans: readonly S[],
): readonly PlacedSpan<S>[] {
  const all = spans.flatMap((span): PlacedSpan<S>[] => {
    checkSpan(span, offsets.length);
    const part = partOf(text, offsets.slice(span.start, span.end));
    return part === undefined ? [] : [{ span, start: part[0], end: part[1] }];
  });
  const ordered = all.toSorted(
    (a, b) => a.start - b.start || b.end - a.end || order(a.span.type, b.span.type),
  );
  let last = 0;
  return ordered.filter(({ start, end }) => {
    if (start < last) return false;
    last = end;
    return true;
  });
}

function order(a: string, b: string): number {
  return Number(a > b) - Number(a < b);
}

function checkSpan(span: Pick<TokenSpan, 'type' | 'start' | 'end'>, count: number): void {
  checkArgument(WHERE, 'a span', span, aSpan);
  const { type, start, end } = span;
  const isPlace = (value: unknown): value is number => Number.isInteger(value) && Number(value) >= 0;
  if (typeof type === 'string' && isPlace(start) && isPlace(end) && start <= end && end <= count) return;
  const expected = `{ type, start, end } with places of the ${count} tokens`;
  throw new AttnError('INVALID_ARGUMENT', WHERE, `a span must be ${expected}, got ${show(span)}`);
}

/** What the tokens cover, without white space at its ends; undefined where that is nothing. */
function partOf(
  text: string,
  offsets: readonly (readonly [start: number, end: number] | null)[],
): [start: number, end: number] | undefined {
  let [first, last] = [Infinity, 0];
  for (const offset of offsets) {
    if (offset === null) continue;
    const [start, end] = checkOffset(offset, text);
    if (start === end) continue;
    first = Math.min(first, start);
    last = Math.max(last, end);
  }
  while (first < last && isSpace(text.charCodeAt(first))) first += 1;
  while (first < last && isSpace(text.charCodeAt(last - 1))) last -= 1;
  return first < last ? [first, last] : undefined;
}

function checkOffset(offset: readonly [number, number], text: string): readonly [number, number] {
  const isOffset =
    Array.isArray(offset) && offset.length === 2 && offset.every((place) => Number.isInteger(place));
  const [start, end] = isOffset ? offset : [-1, -1];
  if (start >= 0 && start <= end && end <= text.length) return offset;
  const message = `an offset must be null or [start, end] in the text ${show(text)}, got ${show(offset)}`;
  throw new AttnError('INVALID_ARGUMENT', WHERE, message);
}

/** White space as Python has it: JavaScript's, with separators of files and lines, and no byte order mark. */
function isSpace(unit: number): boolean {
  if (unit === 0xfeff) return false;
  return (unit >= 0x1c && unit <= 0x1f) || unit === 0x85 || /\s/.test(String.fromCharCode(unit));
}
