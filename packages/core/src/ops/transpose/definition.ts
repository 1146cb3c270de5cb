/** The `transpose` op: any permutation of the axes. */
import { anything } from '../../check/kinds.ts';
import { show } from '../../errors.ts';
import type { OpDefinition } from '../op.ts';
import { checkIntegerList, fail, reshaped } from '../validate.ts';

/** Attributes of `transpose`. */
export interface TransposeAttributes {
  /** Output axis i is input axis `permutation[i]`. */
  readonly permutation: readonly number[];
}

/** Input `x` of any dtype. Errors: `INVALID_ARGUMENT` unless `permutation` lists every axis once. */
export const transposeDefinition: OpDefinition<TransposeAttributes> = {
  required: ['x'],
  attributes: { permutation: anything },
  flops: () => 0,
  infer({ x }, { permutation }) {
    checkIntegerList('transpose', 'permutation', permutation, x.shape.length);
    if (!x.shape.every((_, axis) => permutation.includes(axis))) {
      fail(
        'INVALID_ARGUMENT',
        'transpose',
        `permutation must list every axis once, got ${show(permutation)}`,
      );
    }
    const extents = permutation.map((axis) => x.shape[axis]);
    return [reshaped(x, extents)];
  },
};
