/**
 * Checks entries that must be ids, positions or a mask, and converts them
 * to the dtypes of graphs. The error for a wrong entry says where it is.
 */
import { type AttnError, type Tensor } from '@attn/core';
import { show, sizeOf } from '@attn/core/backend';
import {
  hasField,
  inputError,
  shapeOrigin,
  placeOf,
  readEntries,
  type Entries,
  type InputName,
} from './entries.ts';

/** The number of a number or a bigint; undefined for anything that is not an integer. */
export function toInteger(value: unknown): number | undefined {
  const number = typeof value === 'bigint' ? Number(value) : value;
  return typeof number === 'number' && Number.isSafeInteger(number) ? number : undefined;
}

/**
 * Reads integers from 0 to `count` - 1 as i32, in this shape, which may merge leading axes
 * of the value's own shape. Errors: `INVALID_DTYPE`, `INVALID_SHAPE`, `INVALID_ARGUMENT`.
 */
export function readIds(
  input: InputName,
  value: unknown,
  shape: readonly number[],
  count: number,
): Tensor<'i32'> {
  refuseFloats(input, value);
  const entries = ofShape(input, value, shape);
  const { data } = entries;
  const ids = data instanceof Int32Array ? data : new Int32Array(data.length);
  for (let i = 0; i < data.length; i++) {
    const id = toInteger(data[i]);
    if (id === undefined || id < 0 || id >= count)
      throw wrongEntry(input, entries, i, `integers from 0 to ${count - 1}`);
    if (ids !== data) ids[i] = id;
  }
  return { dtype: 'i32', shape, data: ids };
}

/**
 * Reads a list of integers from `least` to `count` - 1, such as the
 * positions of global tokens. Errors: `INVALID_ARGUMENT`.
 */
export function readIntegerList(
  input: InputName,
  value: unknown,
  count: number = Infinity,
  least: number = 0,
): readonly number[] {
  const isSingle = typeof value !== 'object' || value === null;
  if (isSingle) throw inputError(input, 'INVALID_ARGUMENT', `must be a list of integers, got ${show(value)}`);
  const entries = readEntries(input, value);
  const { data, shape } = entries;
  if (shape.length !== 1)
    throw inputError(input, 'INVALID_ARGUMENT', `must be one list of integers, got ${show(value)}`);
  return Array.from(data, (item, i) => {
    const integer = toInteger(item);
    if (integer !== undefined && integer >= least && integer < count) return integer;
    const range = count < Infinity ? `integers from ${least} to ${count - 1}` : `integers ≥ ${least}`;
    throw wrongEntry(input, entries, i, range);
  });
}

/** The values that a model's mask may hold. */
export interface MaskValues {
  /** The greatest value: 2 if the mask can mark global tokens too, as in Hugging Face's Longformer. */
  readonly most: 1 | 2;
  /** The values in words, for messages: `0 (padding) or 1 (a token)`. */
  readonly expected: string;
}

/** Reads a mask of 0, 1 and, if the model allows it, 2. Errors: `INVALID_SHAPE`, `INVALID_ARGUMENT`. */
export function readMask(
  input: InputName,
  value: unknown,
  shape: readonly number[],
  { most, expected }: MaskValues,
): Uint8Array {
  const entries = ofShape(input, value, shape);
  const { data } = entries;
  const mask = new Uint8Array(data.length);
  for (let i = 0; i < data.length; i++) {
    const item = data[i];
    const number = typeof item === 'boolean' ? Number(item) : toInteger(item);
    // A number below −1 is hardly a typing mistake: in an additive mask it hides a token.
    const hint = typeof item === 'number' && item < -1 ? ADDITIVE : '';
    if (number === undefined || number < 0 || number > most)
      throw wrongEntry(input, entries, i, expected, hint);
    mask[i] = number;
  }
  return mask;
}

/** Reads the mask of a model without global tokens, as bool. Errors: `INVALID_SHAPE`, `INVALID_ARGUMENT`. */
export function readPadding(
  where: string,
  architecture: string,
  value: unknown,
  shape: readonly number[],
  name = 'attentionMask',
): Tensor<'bool'> {
  const expected = `0 (padding) or 1 (a token; ${architecture} has no global ones)`;
  const data = readMask({ where, name }, value, shape, { most: 1, expected });
  return { dtype: 'bool', shape, data };
}

const ADDITIVE =
  ': this looks like an additive mask, which is 0 for tokens and very negative for padding; give 1 where it is 0, and 0 elsewhere';

function ofShape(input: InputName, value: unknown, shape: readonly number[]): Entries {
  const entries = readEntries(input, value);
  // Only leading axes are merged: [batch, choices, length] as [batch · choices, length].
  const fits = sizeOf(entries.shape) === sizeOf(shape) && entries.shape.at(-1) === shape.at(-1);
  if (fits) return entries;
  throw inputError(
    input,
    'INVALID_SHAPE',
    `must be ${show(shape)}, got ${show(entries.shape)}${shapeOrigin(value)}`,
  );
}

function refuseFloats(input: InputName, value: unknown): void {
  if (!hasField(value, 'dtype') || (value.dtype !== 'f32' && value.dtype !== 'f16')) return;
  throw inputError(input, 'INVALID_DTYPE', `must be integers, got ${value.dtype}`);
}

function wrongEntry(
  input: InputName,
  entries: Entries,
  index: number,
  expected: string,
  hint = '',
): AttnError {
  const { data } = entries;
  const message = `must be ${expected}, got ${show(data[index])} at ${placeOf(entries, index)}${hint}`;
  return inputError(input, 'INVALID_ARGUMENT', message);
}
