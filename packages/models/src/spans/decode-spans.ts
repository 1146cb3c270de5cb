/** Spans of tokens, from their labels. */
import { AttnError } from '@attn/core';
import { show } from '@attn/core/backend';
import { readEntries, type Integers } from '../inputs/entries.ts';
import { toInteger } from '../inputs/integers.ts';
import { readLabelSet, type Label } from './label-set.ts';

/** Tokens of one row that belong together. */
export interface TokenSpan {
  /** The row of the batch. */
  readonly row: number;
  /** What the span is: `private_person`, … */
  readonly type: string;
  /** The place of its first token in the row. */
  readonly start: number;
  /** The place after that of its last token. */
  readonly end: number;
}

const WHERE = 'models/decodeSpans';

/**
 * The spans of labels [B, N] or [N], row by row. Labels are numbers, whose names are those of `names`; −1 is
 * padding. Labels of `viterbi` are consistent; others, such as those of the greatest logits, need not be: I
 * or E without a span of its type begins one, and O, B, S and the end of the row end one. Errors:
 * `INVALID_ARGUMENT`, `INVALID_SHAPE`.
 *
 * @example
 * const spans = decodeSpans([0, 1, 2, 0], ['O', 'B-person', 'E-person']); // person, from 1 to 3
 */
export function decodeSpans(labels: Integers, names: readonly string[]): readonly TokenSpan[] {
  const set = readLabelSet(WHERE, names);
  const { shape, data } = readEntries({ where: WHERE, name: 'labels' }, labels);
  if (shape.length !== 1 && shape.length !== 2)
    throw new AttnError('INVALID_SHAPE', WHERE, `labels must be [N] or [B, N], got the shape ${show(shape)}`);
  const length = shape[shape.length - 1];
  const rows = shape.length === 2 ? shape[0] : 1;
  return Array.from({ length: rows }, (_, row) =>
    spansOfRow(
      row,
      Array.from({ length }, (_, i) => labelOf(set, data[row * length + i], row * length + i)),
    ),
  ).flat();
}

/** Undefined for padding. */
function labelOf(labels: readonly Label[], value: unknown, place: number): Label | undefined {
  const number = toInteger(value);
  if (number !== undefined && number >= -1 && number < labels.length) return labels[number];
  const expected = `from 0 to ${labels.length - 1}, or -1 for padding`;
  throw new AttnError(
    'INVALID_ARGUMENT',
    WHERE,
    `a label must be an integer ${expected}, got ${show(value)} at ${place}`,
  );
}

function spansOfRow(row: number, labels: readonly (Label | undefined)[]): readonly TokenSpan[] {
  const spans: TokenSpan[] = [];
  let open: TokenSpan | undefined;
  const close = (): void => {
    if (open !== undefined) spans.push(open);
    open = undefined;
  };
  labels.forEach((label, place) => {
    if (label === undefined) return;
    const { tag, type } = label;
    const goesOn = (tag === 'I' || tag === 'E') && open?.type === type;
    if (!goesOn) close();
    if (tag === 'O') return;
    open = { row, type, start: open?.start ?? place, end: place + 1 };
    if (tag === 'E' || tag === 'S') close();
  });
  close();
  return spans;
}
