/** The rows that a 0/1 mask keeps of each batch row, and a key by which equal batch rows share a plan. */
import { AttnError } from '../errors.ts';
import type { BatchRows } from '../patterns/pattern.ts';

/** The rows of a batch row that its mask keeps. */
export interface MaskedRows {
  /** Ascending; undefined when the mask keeps all. */
  readonly rows: Int32Array | undefined;
  /** Equal for equal masks. */
  readonly key: string;
}

const ALL: MaskedRows = { rows: undefined, key: '' };

/** A function from batch row to rows. Errors: `INVALID_SHAPE` when the mask is not [batch, length]. */
export function maskRows(
  mask: BatchRows | undefined,
  batch: number,
  length: number,
  name: string,
): (batchRow: number) => MaskedRows {
  if (mask === undefined) return () => ALL;
  if (mask.batch !== batch || mask.length !== length) {
    throw new AttnError(
      'INVALID_SHAPE',
      'core/plan',
      `${name} must have shape [${batch}, ${length}], got [${mask.batch}, ${mask.length}]`,
    );
  }
  const perRow: MaskedRows[] = [];
  for (let batchRow = 0; batchRow < batch; batchRow++)
    perRow.push(rowsOf(mask.data, batchRow * length, length));
  return (batchRow) => perRow[batchRow];
}

/** Rows and key of a batch row. The key lists where the mask changes: exact, and short for padding. */
function rowsOf(data: ArrayLike<number>, base: number, length: number): MaskedRows {
  const rows: number[] = [];
  const changes: number[] = [];
  let visible = true;
  for (let row = 0; row < length; row++) {
    const now = data[base + row] !== 0;
    if (now) rows.push(row);
    if (now !== visible) changes.push(row);
    visible = now;
  }
  return rows.length === length ? ALL : { rows: Int32Array.from(rows), key: changes.join(',') };
}
