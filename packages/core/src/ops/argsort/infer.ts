/** Shape of an order. */
import type { TensorSpec } from '../../tensor.ts';
import type { NamedSpecs } from '../op.ts';
import { checkDtype, checkMinRank } from '../validate.ts';

/** See `argsortSpec`. */
export function inferArgsort(inputs: NamedSpecs): [TensorSpec] {
  checkDtype('argsort', inputs, 'x', ['i32', 'u32']);
  checkMinRank('argsort', inputs, 'x', 1);
  return [{ dtype: 'i32', shape: inputs.x.shape }];
}
