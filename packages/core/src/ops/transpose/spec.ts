/** The `transpose` op: any permutation of the axes. */
import { anything } from '../../check/kinds.ts';
import type { OpSpec } from '../op.ts';

/** Attributes of `transpose`. */
export interface TransposeAttributes {
  /** Output axis i is input axis `permutation[i]`. */
  readonly permutation: readonly number[];
}

/** Input `x` of any dtype. Errors: `INVALID_ARGUMENT` unless `permutation` lists every axis once. */
export const transposeSpec: OpSpec<TransposeAttributes> = {
  required: ['x'],
  attributes: { permutation: anything },
  flops: () => 0,
};
