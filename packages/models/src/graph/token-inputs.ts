/** What callers pass as ids and masks, in whatever dtype their tokenizer or file had, as the dtypes that graphs take. */
import {
  AttnError,
  checkTensor,
  contiguous,
  halfToFloat32,
  halfToNumber,
  show,
  sizeOf,
  type Tensor,
} from '@attn/core';

/**
 * Integers of this shape, as i32; the shape may differ from the tensor's in how axes are cut. Errors: `INVALID_DTYPE`,
 * `INVALID_SHAPE`.
 */
export function asIntegers(
  where: string,
  name: string,
  given: Tensor,
  shape: readonly number[],
): Tensor<'i32'> {
  const { dtype, data } = ofSize(where, name, given, shape);
  if (dtype === 'i32' && data instanceof Int32Array) return { dtype, shape, data };
  if (dtype === 'f32' || dtype === 'f16') {
    throw new AttnError('INVALID_DTYPE', where, `${name} must be integers, got ${dtype}`);
  }
  return { dtype: 'i32', shape, data: Int32Array.from(data) };
}

/** Numbers of this shape, as f32. Errors: `INVALID_DTYPE`, `INVALID_SHAPE`. */
export function asNumbers(
  where: string,
  name: string,
  given: Tensor,
  shape: readonly number[],
): Tensor<'f32'> {
  const { dtype, data } = ofSize(where, name, given, shape);
  if (dtype === 'f32' && data instanceof Float32Array) return { dtype, shape, data };
  if (dtype === 'f16' && data instanceof Uint16Array)
    return { dtype: 'f32', shape, data: halfToFloat32(data) };
  throw new AttnError('INVALID_DTYPE', where, `${name} must be f32 or f16, got ${dtype}`);
}

/** A mask of this shape, as bool: everything but 0 is 1. Errors: `INVALID_SHAPE`. */
export function asMask(where: string, name: string, given: Tensor, shape: readonly number[]): Tensor<'bool'> {
  const { dtype, data } = ofSize(where, name, given, shape);
  const isZero = (value: number): boolean => (dtype === 'f16' ? halfToNumber(value) : value) === 0;
  return { dtype: 'bool', shape, data: Uint8Array.from(data, (value) => (isZero(value) ? 0 : 1)) };
}

/** Throws `INVALID_ARGUMENT` unless every id is in [0, count). */
export function checkIds(where: string, name: string, { shape, data }: Tensor<'i32'>, count: number): void {
  for (let i = 0; i < data.length; i++) {
    if (data[i] >= 0 && data[i] < count) continue;
    const length = shape[shape.length - 1];
    const at = `[${Math.floor(i / length)}, ${i % length}]`;
    throw new AttnError(
      'INVALID_ARGUMENT',
      where,
      `${name} must be from 0 to ${count - 1}, got ${data[i]} at ${at}`,
    );
  }
}

/** Throws `INVALID_ARGUMENT` for rows of more than `most` tokens. */
export function checkLength(where: string, length: number, most: number): void {
  if (length <= most) return;
  throw new AttnError('INVALID_ARGUMENT', where, `length must be at most ${most}, got ${show(length)}`);
}

/** Throws `INVALID_ARGUMENT` for what was given and a model does not have, by name. */
export function refuse(where: string, architecture: string, given: Readonly<Record<string, unknown>>): void {
  for (const [name, value] of Object.entries(given)) {
    if (value === undefined) continue;
    throw new AttnError('INVALID_ARGUMENT', where, `${architecture} has no ${name}, got ${show(value)}`);
  }
}

/** Positions [B, N]: in each row the tokens whose id is not `skipped` are counted from `first`; the others have `first` - 1. */
export function countPositions(
  { shape, data }: Tensor<'i32'>,
  first: number,
  skipped?: number,
): Tensor<'i32'> {
  const [, length] = shape;
  const positions = new Int32Array(data.length);
  let next = first;
  for (let i = 0; i < data.length; i++) {
    if (i % length === 0) next = first;
    positions[i] = data[i] === skipped ? first - 1 : next++;
  }
  return { dtype: 'i32', shape, data: positions };
}

function ofSize(where: string, name: string, given: Tensor, shape: readonly number[]): Tensor {
  checkTensor(given, where, name);
  // Only leading axes are merged: [batch, choices, length] as [batch · choices, length].
  const fits = sizeOf(given.shape) === sizeOf(shape) && given.shape.at(-1) === shape.at(-1);
  if (fits) return contiguous(given);
  throw new AttnError('INVALID_SHAPE', where, `${name} must be ${show(shape)}, got ${show(given.shape)}`);
}
