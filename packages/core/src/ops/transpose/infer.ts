/** Shape after permuting the axes. */
import { show } from '../../errors.ts';
import type { TensorSpec } from '../../tensor.ts';
import type { NamedSpecs } from '../op.ts';
import { checkIntegerList, fail, reshaped } from '../validate.ts';
import type { TransposeAttributes } from './spec.ts';

/** See `transposeSpec`. */
export function inferTranspose({ x }: NamedSpecs, { permutation }: TransposeAttributes): [TensorSpec] {
  checkIntegerList('transpose', 'permutation', permutation, x.shape.length);
  if (!x.shape.every((_, axis) => permutation.includes(axis))) {
    fail('INVALID_ARGUMENT', 'transpose', `permutation must list every axis once, got ${show(permutation)}`);
  }
  return [
    reshaped(
      x,
      permutation.map((axis) => x.shape[axis]),
    ),
  ];
}
