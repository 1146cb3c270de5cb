/**
 * A tensor is plain data: dtype, shape, and a typed array. It has no methods, no device and no lifetime.
 * Whoever holds the array owns it: no backend ever writes to an input, and an input must not change until the
 * promise of its call settles. Weights in files can be tensors without being in memory: `lazy-tensor.ts`.
 */
import { checkArgument } from './check/check-options.ts';
import { AttnError, show } from './errors.ts';
import { copyRowMajor } from './row-major.ts';
import { whatBecameOf } from './util/host-memory.ts';
import { aList, aListOfNumbers, fields, integer, type Kind } from './check/kinds.ts';
import { typedArrayName, type TypedArray } from './util/typed-array.ts';

/**
 * Element types. `f16` is stored as IEEE 754 half bits in a `Uint16Array`; a `Float16Array` is accepted, too.
 * `bool` is stored as bytes that are 0 or 1.
 */
export type DType = 'f32' | 'f16' | 'i32' | 'u32' | 'u8' | 'bool';

/** The typed array that stores each dtype. */
export interface StorageOf {
  f32: Float32Array;
  f16: Uint16Array;
  i32: Int32Array;
  u32: Uint32Array;
  u8: Uint8Array;
  bool: Uint8Array;
}

/** The dtype and shape of a value, which are fixed before it is computed. */
export interface TensorSpec<D extends DType = DType> {
  readonly dtype: D;
  readonly shape: readonly number[];
}

/**
 * A dense n-dimensional array.
 *
 * `data` is row-major unless `strides` (in elements, one per axis) says otherwise: a strided view passes a
 * slice or a transposition of a larger array. `Executable.run` makes views contiguous before any kernel sees
 * them. A `LazyTensor` reads its data when asked for it.
 */
export interface Tensor<D extends DType = DType> extends TensorSpec<D> {
  /** The elements. Those of a `LazyTensor` are read now, which may throw. */
  readonly data: StorageOf[D];
  /** Steps in `data` from one element to the next along each axis; absent where `data` is row-major. */
  readonly strides?: readonly number[];
}

/** A part of a file. */
export interface FileSpan {
  /** The absolute path of the folder, free of symbolic links. */
  readonly folder: string;
  /** The name of the file in the folder. */
  readonly name: string;
  readonly byteOffset: number;
  readonly byteLength: number;
  /** Throws if the file has changed since. One function for all tensors of a file. */
  readonly verify: () => void;
}

const aLength = integer(0);

const STORAGE = {
  f32: Float32Array,
  f16: Uint16Array,
  i32: Int32Array,
  u32: Uint32Array,
  u8: Uint8Array,
  bool: Uint8Array,
} as const;

/** The list of all dtypes. */
export const DTYPES: readonly DType[] = Object.keys(STORAGE) as DType[];

/** The bytes of one element. Errors: `INVALID_DTYPE`. */
export function bytesPerElement(dtype: DType): number {
  return arrayOf(dtype, 'core/bytesPerElement').BYTES_PER_ELEMENT;
}

/** The class of the arrays that store a dtype. */
function arrayOf<D extends DType>(dtype: D, where: string): (typeof STORAGE)[D] {
  checkDtype(dtype, where, 'a tensor');
  return STORAGE[dtype];
}

function checkDtype(dtype: DType, where: string, name: string): void {
  if (typeof dtype === 'string' && Object.hasOwn(STORAGE, dtype)) return;
  const message = `${name} has dtype ${show(dtype)}; known are ${DTYPES.join(', ')}`;
  throw new AttnError('INVALID_DTYPE', where, message);
}

/** The number of elements of a shape; 1 for a scalar. */
export function sizeOf(shape: readonly number[]): number {
  let size = 1;
  for (const extent of shape) size *= extent;
  return size;
}

/** The bytes of a contiguous tensor of this spec. */
export function byteLengthOf(spec: TensorSpec): number {
  return sizeOf(spec.shape) * bytesPerElement(spec.dtype);
}

/** Row-major strides of a shape, in elements. */
export function contiguousStrides(shape: readonly number[]): number[] {
  const strides = new Array<number>(shape.length);
  let stride = 1;
  for (let axis = shape.length - 1; axis >= 0; axis--) {
    strides[axis] = stride;
    stride *= shape[axis];
  }
  return strides;
}

/** A `Float16Array`, by its shape: not every engine and version of TypeScript has it. */
export type HalfArray = ArrayBufferView & {
  readonly length: number;
  readonly [Symbol.toStringTag]: 'Float16Array';
};

/** The arrays that `tensor` accepts for a dtype. */
export type DataOf<D extends DType> = StorageOf[D] | (D extends 'f16' ? HalfArray : never);

/**
 * Makes a tensor over an array, which is not copied. A `Float16Array` becomes the `Uint16Array` over the same
 * memory. Errors: `INVALID_SHAPE`, `INVALID_DTYPE`, `INVALID_ARGUMENT`.
 *
 * @example
 * const halves = tensor('f16', [2], new Float16Array([0.5, 2]));
 */
export function tensor<D extends DType>(dtype: D, shape: readonly number[], data: DataOf<D>): Tensor<D> {
  const value = { dtype, shape, data } as Tensor<D>;
  checkTensor(value, 'core/tensor');
  return { dtype, shape, data: storageOf(dtype, value.data) };
}

/**
 * Makes a tensor of zeros. Errors: `INVALID_SHAPE`, `INVALID_DTYPE`, `OUT_OF_MEMORY`.
 *
 * @example
 * const mask = zeros('bool', [1, 4096]);
 */
export function zeros<D extends DType>(dtype: D, shape: readonly number[]): Tensor<D> {
  checkSpec({ dtype, shape }, 'core/zeros');
  return { dtype, shape, data: allocate(dtype, sizeOf(shape)) };
}

/** Allocates a typed array for a dtype. Errors: `OUT_OF_MEMORY`, `INVALID_DTYPE`, `INVALID_ARGUMENT`. */
export function allocate<D extends DType>(dtype: D, length: number): StorageOf[D] {
  const Storage = arrayOf(dtype, 'core/allocate');
  checkArgument('core/allocate', 'length', length, aLength);
  try {
    return new Storage(length) as StorageOf[D];
  } catch (cause) {
    throw new AttnError(
      'OUT_OF_MEMORY',
      'core/allocate',
      `could not allocate ${length} elements of ${dtype}`,
      {
        cause,
      },
    );
  }
}

/** A typed array over a part of a buffer; `length` counts elements. */
export function storageOver<D extends DType>(
  dtype: D,
  buffer: ArrayBufferLike,
  byteOffset: number,
  length: number,
): StorageOf[D] {
  return new STORAGE[dtype](buffer as ArrayBuffer, byteOffset, length) as StorageOf[D];
}

/**
 * Makes an f32 tensor from numbers; a `Float32Array` is not copied. Errors: `INVALID_SHAPE`,
 * `INVALID_ARGUMENT`.
 *
 * @example
 * const q = f32([1, 1, 2, 3], [1, 0, 0, 0, 1, 0]); // batch 1, 1 head, 2 tokens, head dim 3
 */
export function f32(shape: readonly number[], data: ArrayLike<number>): Tensor<'f32'> {
  return tensor('f32', shape, numbers('f32', data));
}

/**
 * Makes an i32 tensor from numbers; an `Int32Array` is not copied. Errors: `INVALID_SHAPE`,
 * `INVALID_ARGUMENT`.
 *
 * @example
 * const keyLengths = i32([2], [4096, 1000]); // the valid keys of each batch row
 */
export function i32(shape: readonly number[], data: ArrayLike<number>): Tensor<'i32'> {
  return tensor('i32', shape, numbers('i32', data));
}

/**
 * Makes a bool tensor from numbers or booleans: everything but 0 and false becomes 1. Errors:
 * `INVALID_SHAPE`, `INVALID_ARGUMENT`.
 *
 * @example
 * const keyMask = bool([1, 4], [true, true, true, false]); // hides the last key
 */
export function bool(shape: readonly number[], data: ArrayLike<number | boolean>): Tensor<'bool'> {
  return tensor(
    'bool',
    shape,
    Uint8Array.from(checkArgument('core/bool', 'data', data, aList), (value) => (value ? 1 : 0)),
  );
}

/** The array itself if it stores this dtype, else a copy. */
function numbers<D extends 'f32' | 'i32'>(dtype: D, data: ArrayLike<number>): StorageOf[D] {
  checkArgument(`core/${dtype}`, 'data', data, aListOfNumbers);
  return (isStorage(dtype, data) ? data : STORAGE[dtype].from(data)) as StorageOf[D];
}

/** Whether an array, of any realm, stores tensors of this dtype. */
function isStorage(dtype: DType, data: unknown): data is TypedArray {
  const name = typedArrayName(data);
  return name === STORAGE[dtype].name || (dtype === 'f16' && name === 'Float16Array');
}

/** Views in this realm by the foreign array: graphs know their constants by identity. */
const ownViews = new WeakMap<object, TypedArray>();

/** The array if it is of this realm, else one of this realm over the same memory. */
function storageOf<D extends DType>(dtype: D, data: StorageOf[D]): StorageOf[D] {
  if (data instanceof STORAGE[dtype]) return data;
  let own = ownViews.get(data);
  if (own === undefined) {
    own = storageOver(dtype, data.buffer, data.byteOffset, data.length);
    ownViews.set(data, own);
  }
  return own as StorageOf[D];
}

/** Throws unless the value is a well-formed tensor. `where` and `name` go into the error. */
export function checkTensor(value: Tensor, where: string, name = 'tensor'): void {
  try {
    inspect(value, where, name);
  } catch (cause) {
    if (cause instanceof AttnError) throw cause;
    throw noTensor(value, where, name, cause); // a hostile object
  }
}

function noTensor(value: unknown, where: string, name: string, cause?: unknown): AttnError {
  const message = `${name} must be a tensor { dtype, shape, data }, got ${show(value)}`;
  return new AttnError('INVALID_ARGUMENT', where, message, { cause });
}

function inspect(value: Tensor, where: string, name: string): void {
  if (typeof value !== 'object' || value === null || !('data' in value)) throw noTensor(value, where, name);
  checkSpec(value, where, name);
  if (!isStorage(value.dtype, value.data)) {
    const expected = value.dtype === 'f16' ? 'Uint16Array or a Float16Array' : STORAGE[value.dtype].name;
    throw new AttnError(
      'INVALID_DTYPE',
      where,
      `${name} of dtype ${value.dtype} must hold a ${expected}, got ${typedArrayName(value.data) ?? show(value.data)}`,
    );
  }
  if (value.strides === undefined) {
    const size = sizeOf(value.shape);
    if (value.data.length !== size) {
      throw new AttnError(
        'INVALID_SHAPE',
        where,
        `${name} of shape ${show(value.shape)} needs ${size} elements, got ${value.data.length}${whatBecameOf(value.data)}`,
      );
    }
  } else {
    checkStrides(value, value.strides, where, name);
  }
}

/** Checks a dtype and a shape. Errors: `INVALID_ARGUMENT`, `INVALID_DTYPE`, `INVALID_SHAPE`. */
export function checkSpec(value: TensorSpec, where: string, name = 'tensor'): void {
  const { dtype, shape } = checkArgument(where, name, value, aSpec);
  checkDtype(dtype, where, name);
  checkShape(shape, where, name);
}

const aSpec: Kind = fields('{ dtype, shape }', 'dtype', 'shape');

/** Throws unless every extent is a non-negative integer and the size is addressable. */
export function checkShape(shape: readonly number[], where: string, name = 'tensor'): void {
  const good =
    Array.isArray(shape) &&
    shape.every((extent) => Number.isInteger(extent) && extent >= 0) &&
    Number.isSafeInteger(sizeOf(shape));
  if (!good) {
    throw new AttnError('INVALID_SHAPE', where, `${name} has an impossible shape ${show(shape)}`);
  }
}

function checkStrides(value: Tensor, strides: readonly number[], where: string, name: string): void {
  if (!Array.isArray(strides)) {
    throw new AttnError(
      'INVALID_ARGUMENT',
      where,
      `${name} must have a list of strides, or none, got ${show(strides)}`,
    );
  }
  let lastIndex = 0;
  for (let axis = 0; axis < value.shape.length; axis++) {
    const stride = strides[axis];
    if (!Number.isInteger(stride) || stride < 0) {
      throw new AttnError(
        'INVALID_SHAPE',
        where,
        `${name} has strides ${show(strides)}; expected integers ≥ 0`,
      );
    }
    lastIndex += Math.max(0, value.shape[axis] - 1) * stride;
  }
  if (strides.length !== value.shape.length || (sizeOf(value.shape) > 0 && lastIndex >= value.data.length)) {
    throw new AttnError(
      'INVALID_SHAPE',
      where,
      `${name} of shape ${show(value.shape)} and strides ${show(strides)} does not fit ${value.data.length} elements${whatBecameOf(value.data)}`,
    );
  }
}

/**
 * A row-major tensor of the same elements: the tensor itself if it is row-major and its array is of this
 * realm, else one over the same memory, or a copy. Errors: those of `checkTensor`.
 */
export function contiguous<D extends DType>(value: Tensor<D>): Tensor<D> {
  checkTensor(value, 'core/contiguous');
  return rowMajor(value);
}

/** Makes a tensor row-major like `contiguous`, without checking it. */
export function rowMajor<D extends DType>(value: Tensor<D>): Tensor<D> {
  const data = storageOf(value.dtype, value.data);
  if (value.strides === undefined) return data === value.data ? value : { ...value, data };
  const { dtype, shape, strides } = value;
  const natural = contiguousStrides(shape);
  const size = sizeOf(shape);
  if (data.length === size && natural.every((stride, axis) => shape[axis] <= 1 || stride === strides[axis])) {
    return { dtype, shape, data };
  }
  const out = allocate(dtype, size);
  copyRowMajor(data, { shape, strides }, out);
  return { dtype, shape, data: out };
}
