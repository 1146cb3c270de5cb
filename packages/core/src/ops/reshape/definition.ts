/** The `reshape` op: the same elements in another shape. A view: executors alias it, no memory moves. */
import { anything } from '../../check/kinds.ts';
import { show } from '../../errors.ts';
import { sizeOf } from '../../tensor.ts';
import type { OpDefinition } from '../op.ts';
import { checkIntegerList, fail, reshaped } from '../validate.ts';

/** Attributes of `reshape`. */
export interface ReshapeAttributes {
  /** The new shape; one extent may be −1 and then follows from the others. */
  readonly shape: readonly number[];
}

/** Input `x` of any dtype. Errors: `INVALID_SHAPE` when the sizes differ, `INVALID_ARGUMENT`. */
export const reshapeDefinition: OpDefinition<ReshapeAttributes> = {
  required: ['x'],
  attributes: { shape: anything },
  flops: () => 0,
  normalize: ({ x }, attributes) => ({ shape: resolveShape(x.shape, attributes) }),
  isView: true,
  infer: ({ x }, attributes) => [reshaped(x, resolveShape(x.shape, attributes))],
};

/** The new shape with −1 replaced. Errors: `INVALID_SHAPE`, `INVALID_ARGUMENT`. */
export function resolveShape(from: readonly number[], { shape }: ReshapeAttributes): readonly number[] {
  checkIntegerList('reshape', 'shape', shape);
  const open = shape.indexOf(-1);
  const fixed = open < 0 ? shape : shape.toSpliced(open, 1);
  if (fixed.some((extent) => extent < 0)) {
    fail('INVALID_ARGUMENT', 'reshape', `shape must have extents ≥ 0 and at most one −1, got ${show(shape)}`);
  }
  const size = sizeOf(from);
  const resolved = open < 0 ? shape : shape.with(open, size / sizeOf(fixed));
  if (sizeOf(resolved) !== size || !resolved.every(Number.isInteger)) {
    fail('INVALID_SHAPE', 'reshape', `${show(from)} with ${size} elements cannot become ${show(shape)}`);
  }
  return resolved;
}
