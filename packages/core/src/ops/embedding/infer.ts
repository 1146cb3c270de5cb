/** Shape of looked-up rows. */
import { show } from '../../errors.ts';
import type { TensorSpec } from '../../tensor.ts';
import type { NamedSpecs } from '../op.ts';
import { checkDtype, fail, sharedFloat } from '../validate.ts';

/** See `embeddingSpec`. */
export function inferEmbedding(inputs: NamedSpecs): [TensorSpec] {
  const { ids, table } = inputs;
  checkDtype('embedding', inputs, 'ids', ['i32', 'u32']);
  const dtype = sharedFloat('embedding', inputs, ['table']);
  if (table.shape.length !== 2) {
    fail('INVALID_SHAPE', 'embedding', `table must be [rows, dim], got ${show(table.shape)}`);
  }
  return [{ dtype, shape: [...ids.shape, table.shape[1]] }];
}
