/** The `embedding` op: one row of a table for each id. */
import type { NoAttributes } from '../attributes.ts';
import type { OpSpec } from '../op.ts';

/**
 * Inputs `ids` (i32 or u32, any shape) and `table [rows, dim]` (f32 or f16); output `[...ids.shape, dim]`, like table.
 * An id outside of [0, rows) is an error when the graph runs. Errors: `INVALID_SHAPE`, `INVALID_DTYPE`.
 */
export const embeddingSpec: OpSpec<NoAttributes> = {
  required: ['ids', 'table'],
  attributes: {},
  flops: () => 0,
};
