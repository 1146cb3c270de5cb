/**
 * Reads what callers pass as ids and masks: tensors, nested lists, typed arrays, tensors of other
 * libraries. All become a shape and a list of entries, row by row. `integers.ts` then checks the entries.
 */
import { AttnError, type AttnErrorCode, type Tensor } from '@attn/core';
import { isList, checkTensor, contiguous, halfToFloat32, show } from '@attn/core/backend';
import { kindOf } from '../kind-of.ts';

/** Typed arrays of integers. */
export type IntegerArray =
  | Int8Array
  | Uint8Array
  | Uint8ClampedArray
  | Int16Array
  | Uint16Array
  | Int32Array
  | Uint32Array
  | BigInt64Array
  | BigUint64Array;

/** One row of integers: numbers, bigints, or a typed array. */
export type IntegerList = readonly (number | bigint)[] | IntegerArray;

/** A tensor of ONNX Runtime or transformers.js: `dims` and `data`. */
export interface ForeignTensor {
  readonly dims: readonly number[];
  readonly data: object;
}

/** Integers in any number of axes: a tensor, a row, or a list of rows. */
export type Integers = Tensor | ForeignTensor | IntegerList | readonly Integers[];

/** A mask: integers or booleans in any number of axes. */
export type Mask = Integers | readonly boolean[] | readonly Mask[];

/** Values in row-major order. */
export interface Entries {
  readonly shape: readonly number[];
  readonly data: ArrayLike<unknown>;
}

/**
 * The name of an input in messages. `where` is package and function,
 * as in `AttnError`; `name` is the caller's name for it.
 */
export interface InputName {
  readonly where: string;
  readonly name: string;
}

/** Most axes of an input. The limit also ends the reading of a list that contains itself. */
const MOST_AXES = 4;

/**
 * Reads ids or a mask as entries. Errors: `INVALID_ARGUMENT` for a value that is not a `Mask`,
 * `INVALID_SHAPE` for rows of different lengths and impossible tensors, `INVALID_DTYPE`.
 */
export function readEntries(input: InputName, value: unknown): Entries {
  try {
    return entriesOf(input, value, MOST_AXES);
  } catch (cause) {
    if (cause instanceof AttnError) throw cause;
    throw inputError(input, 'INVALID_ARGUMENT', `must be readable, got ${show(value)}`, cause);
  }
}

/** The place of an entry, such as `[0, 2]`, for messages. */
export function placeOf({ shape }: Pick<Entries, 'shape'>, index: number): string {
  const place: number[] = [];
  let rest = index;
  for (const extent of shape.toReversed()) {
    place.unshift(rest % extent);
    rest = Math.floor(rest / extent);
  }
  return show(place);
}

/** The error of a wrong input. */
export function inputError(
  { where, name }: InputName,
  code: AttnErrorCode,
  message: string,
  cause?: unknown,
): AttnError {
  return new AttnError(code, where, `${name} ${message}`, cause === undefined ? undefined : { cause });
}

/** True when a value has this field. A value that cannot be read has no fields. */
export function hasField<N extends string>(
  value: unknown,
  name: N,
): value is { readonly [Name in N]: unknown } {
  try {
    return typeof value === 'object' && value !== null && name in value;
  } catch {
    return false;
  }
}

/**
 * For errors about shapes: where the shape comes from. Lists are shown; tensors state their shape themselves.
 */
export function shapeOrigin(value: unknown): string {
  return isTensorLike(value) ? '' : `, the shape of ${show(value)}`;
}

/** True for typed arrays of integers, also those of another realm. */
export function isIntegerArray(value: unknown): value is IntegerArray {
  return ArrayBuffer.isView(value) && /^(Big)?(Int|Uint)\d+(Clamped)?Array$/.test(kindOf(value));
}

/** True for a tensor of this library or another. */
export function isTensorLike(value: unknown): value is Tensor | ForeignTensor {
  return hasField(value, 'data') && (hasField(value, 'shape') || hasField(value, 'dims'));
}

function entriesOf(input: InputName, value: unknown, axes: number): Entries {
  if (isTensorLike(value)) return tensorEntries(input, value);
  if (isIntegerArray(value)) return { shape: [value.length], data: value };
  if (ArrayBuffer.isView(value))
    throw inputError(input, 'INVALID_ARGUMENT', `must be integers, got a ${kindOf(value)} ${show(value)}`);
  if (!Array.isArray(value) || axes === 0)
    throw inputError(
      input,
      'INVALID_ARGUMENT',
      `must be integers in a tensor or in lists of rows, got ${show(value)}`,
    );
  return value.some(isRow) ? stack(input, value, axes) : { shape: [value.length], data: value };
}

/** Joins rows of equal shape. */
function stack(input: InputName, rows: readonly unknown[], axes: number): Entries {
  const entries = rows.map((row) => entriesOf(input, row, axes - 1));
  const [{ shape }] = entries;
  const other = entries.findIndex((row) => row.shape.join() !== shape.join());
  if (other >= 0) {
    const message = `must have rows of one length, got ${show(shape)} in row 0 and ${show(entries[other].shape)} in row ${other}: pad them and give an attentionMask, or let encode do it`;
    throw inputError(input, 'INVALID_SHAPE', message);
  }
  return { shape: [rows.length, ...shape], data: entries.flatMap(({ data }) => Array.from(data)) };
}

function tensorEntries(input: InputName, value: Tensor | ForeignTensor): Entries {
  if ('dims' in value) {
    const { dims, data } = value;
    const isFull =
      Array.isArray(dims) && isList(data) && data.length === dims.reduce((size, extent) => size * extent, 1);
    if (isFull) return { shape: dims, data };
    throw inputError(
      input,
      'INVALID_SHAPE',
      `must have as many entries as its dims ${show(dims)} say, got ${show(data)}`,
    );
  }
  checkTensor(value, input.where, input.name);
  const { dtype, shape, data } = contiguous(value);
  return { shape, data: dtype === 'f16' ? halvesAsNumbers(data) : data };
}

function isRow(value: unknown): boolean {
  return typeof value === 'object' && value !== null;
}

/** Numbers of halves, whatever array holds their bits. */
export function halvesAsNumbers({ buffer, byteOffset, length }: Tensor['data']): Float32Array {
  return halfToFloat32(new Uint16Array(buffer, byteOffset, length));
}
