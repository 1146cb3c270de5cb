/** Shape of a concatenation. */
import { show } from '../../errors.ts';
import type { TensorSpec } from '../../tensor.ts';
import type { NamedSpecs } from '../op.ts';
import { fail, normalizeAxis, reshaped, sameShape } from '../validate.ts';
import { concatOperands, type ConcatAttributes } from './spec.ts';

/** See `concatSpec`. */
export function inferConcat(inputs: NamedSpecs, attributes: ConcatAttributes): [TensorSpec] {
  const names = Object.keys(inputs);
  if (names.length === 0 || names.some((_, i) => inputs[`x${i}`] === undefined)) {
    fail('MISSING_INPUT', 'concat', `inputs must be named x0, x1, …, got ${show(names)}`);
  }
  const operands = concatOperands(inputs);
  const [first] = operands;
  const axis = normalizeAxis('concat', attributes.axis, first.shape);
  let extent = 0;
  operands.forEach(({ dtype, shape }, i) => {
    if (dtype !== first.dtype)
      fail('INVALID_DTYPE', 'concat', `x${i} must be ${first.dtype} like x0, got ${dtype}`);
    if (shape.length !== first.shape.length || !sameShape(shape.with(axis, 0), first.shape.with(axis, 0))) {
      fail(
        'INVALID_SHAPE',
        'concat',
        `x${i} must be like x0 ${show(first.shape)} but for axis ${axis}, got ${show(shape)}`,
      );
    }
    extent += shape[axis];
  });
  return [reshaped(first, first.shape.with(axis, extent))];
}
