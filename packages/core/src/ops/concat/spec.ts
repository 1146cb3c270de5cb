/** The `concat` op: tensors one after another along an axis. */
import { anything } from '../../check/kinds.ts';
import type { OpSpec } from '../op.ts';
import { normalizeAxis } from '../validate.ts';

/** Attributes of `concat`. */
export interface ConcatAttributes {
  /** The axis that grows; negative counts from the end. */
  readonly axis: number;
}

/**
 * Inputs `x0`, `x1`, …, at least one, of one dtype (any) and of equal extents on the other axes.
 * Errors: `MISSING_INPUT`, `INVALID_SHAPE`, `INVALID_DTYPE`, `INVALID_ARGUMENT`.
 */
export const concatSpec: OpSpec<ConcatAttributes> = {
  required: [],
  attributes: { axis: anything },
  flops: () => 0,
  normalize: ({ x0 }, { axis }) => ({ axis: normalizeAxis('concat', axis, x0.shape) }),
};

/** The operands in order: `x0`, `x1`, … */
export function concatOperands<T>(inputs: Readonly<Record<string, T>>): T[] {
  return Object.keys(inputs).map((_, i) => inputs[`x${i}`]);
}
