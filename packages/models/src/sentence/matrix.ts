/** Vectors as callers pass them: a tensor [vectors, dimensions], or one vector. */
import { AttnError, type Tensor } from '@attn/core';
import { checkTensor, contiguous, show } from '@attn/core/backend';
import { halvesAsNumbers, isTensorLike, type InputName } from '../inputs/entries.ts';

/**
 * Reads a matrix of f32; a tensor [dimensions] is one row. Errors: `INVALID_ARGUMENT`, `INVALID_SHAPE`,
 * `INVALID_DTYPE`.
 */
export function readMatrix({ where, name }: InputName, value: unknown): Tensor<'f32'> {
  const fail = (code: 'INVALID_ARGUMENT' | 'INVALID_SHAPE' | 'INVALID_DTYPE', message: string): never => {
    throw new AttnError(code, where, `${name} ${message}`);
  };
  if (!isTensorLike(value))
    return fail('INVALID_ARGUMENT', `must be a tensor of vectors, got ${show(value)}`);
  const vectors = value as Tensor;
  checkTensor(vectors, where);
  const { dtype, shape, data } = contiguous(vectors);
  if (dtype !== 'f32' && dtype !== 'f16') return fail('INVALID_DTYPE', `must be f32 or f16, got ${dtype}`);
  if (shape.length !== 1 && shape.length !== 2)
    return fail('INVALID_SHAPE', `must be [vectors, dimensions] or [dimensions], got ${show(shape)}`);
  const [rows, width] = shape.length === 2 ? shape : [1, shape[0]];
  const floats = dtype === 'f16' ? halvesAsNumbers(data) : (data as Float32Array);
  return { dtype: 'f32', shape: [rows, width], data: floats };
}
