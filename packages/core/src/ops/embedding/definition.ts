/** The `embedding` op: one row of a table for each id. */
import { show } from '../../errors.ts';
import type { NoAttributes, OpDefinition } from '../op.ts';
import { checkDtype, fail, sharedFloat } from '../validate.ts';

/**
 * Inputs `ids` (i32 or u32, any shape) and `table [rows, dim]` (f32 or f16); output `[...ids.shape, dim]`,
 * like table. An id outside of [0, rows) is an error when the graph runs. Errors: `INVALID_SHAPE`,
 * `INVALID_DTYPE`.
 */
export const embeddingDefinition: OpDefinition<NoAttributes> = {
  required: ['ids', 'table'],
  attributes: {},
  flops: () => 0,
  infer(inputs) {
    const { ids, table } = inputs;
    checkDtype('embedding', inputs, 'ids', ['i32', 'u32']);
    const dtype = sharedFloat('embedding', inputs, ['table']);
    if (table.shape.length !== 2) {
      fail('INVALID_SHAPE', 'embedding', `table must be [rows, dim], got ${show(table.shape)}`);
    }
    return [{ dtype, shape: [...ids.shape, table.shape[1]] }];
  },
};
