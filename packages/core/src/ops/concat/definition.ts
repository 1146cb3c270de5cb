/** The `concat` op: tensors one after another along an axis. */
import { anything } from '../../check/kinds.ts';
import { show } from '../../errors.ts';
import type { OpDefinition } from '../op.ts';
import { fail, normalizeAxis, reshaped, sameShape } from '../validate.ts';

/** Attributes of `concat`. */
export interface ConcatAttributes {
  /** The axis that grows; negative counts from the end. */
  readonly axis: number;
}

/**
 * Inputs `x0`, `x1`, …, at least one, of one dtype (any) and of equal extents on the other axes.
 * Errors: `MISSING_INPUT`, `INVALID_SHAPE`, `INVALID_DTYPE`, `INVALID_ARGUMENT`.
 */
export const concatDefinition: OpDefinition<ConcatAttributes> = {
  required: [],
  attributes: { axis: anything },
  flops: () => 0,
  normalize: ({ x0 }, { axis }) => ({ axis: normalizeAxis('concat', axis, x0.shape) }),
  infer(inputs, attributes) {
    const names = Object.keys(inputs);
    if (names.length === 0 || names.some((_, i) => inputs[`x${i}`] === undefined)) {
      fail('MISSING_INPUT', 'concat', `inputs must be named x0, x1, …, got ${show(names)}`);
    }
    const operands = concatOperands(inputs);
    const [first] = operands;
    const axis = normalizeAxis('concat', attributes.axis, first.shape);
    const others = first.shape.with(axis, 0);
    let extent = 0;
    operands.forEach(({ dtype, shape }, i) => {
      if (dtype !== first.dtype)
        fail('INVALID_DTYPE', 'concat', `x${i} must be ${first.dtype} like x0, got ${dtype}`);
      if (shape.length !== first.shape.length || !sameShape(shape.with(axis, 0), others)) {
        const like = `like x0 ${show(first.shape)} but for axis ${axis}`;
        fail('INVALID_SHAPE', 'concat', `x${i} must be ${like}, got ${show(shape)}`);
      }
      extent += shape[axis];
    });
    return [reshaped(first, first.shape.with(axis, extent))];
  },
};

/** The operands in order: `x0`, `x1`, … */
export function concatOperands<T>(inputs: Readonly<Record<string, T>>): T[] {
  return Object.keys(inputs).map((_, i) => inputs[`x${i}`]);
}
