/**
 * A tensor is plain data: dtype, shape, and a typed array. No methods, no device, no lifetime: whoever holds the
 * array owns it, and no backend ever writes to an input, which in turn must not change until the promise of its call settles. Weights in files can be tensors without being in memory: `lazy-tensor.ts`.
 */
import { AttnError, show } from './errors.ts';
import { whatBecameOf } from './host-memory.ts';

/** Element types. `f16` is stored as raw IEEE 754 half bits in a `Uint16Array`; `bool` is `u8` holding 0 or 1. */
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

/** dtype and shape: all that is known of a value before it is computed. */
export interface TensorSpec<D extends DType = DType> {
  readonly dtype: D;
  readonly shape: readonly number[];
}

/**
 * A dense n-dimensional array.
 *
 * `data` is row-major unless `strides` (in elements, one per axis) says otherwise; a strided view lets callers pass
 * a slice or a transposition of a larger array. `Executable.run` makes views contiguous before any kernel sees them.
 */
export interface Tensor<D extends DType = DType> extends TensorSpec<D> {
  /** Of tensors that `lazyTensor` makes it is read when asked for. */
  readonly data: StorageOf[D];
  readonly strides?: readonly number[];
  /** Where the same bytes lie in a file, for backends that map files into memory. */
  readonly file?: FileSpan;
}

/** A part of a file. */
export interface FileSpan {
  /** Absolute, free of symbolic links. */
  readonly folder: string;
  /** Of the file, in the folder. */
  readonly name: string;
  readonly byteOffset: number;
  readonly byteLength: number;
  /** Throws unless the file is what it was when the tensor was made. The same function for all tensors of a file. */
  readonly verify: () => void;
}

const STORAGE = {
  f32: Float32Array,
  f16: Uint16Array,
  i32: Int32Array,
  u32: Uint32Array,
  u8: Uint8Array,
  bool: Uint8Array,
} as const;

/** All dtypes. */
export const DTYPES: readonly DType[] = Object.keys(STORAGE) as DType[];

/** Bytes of one element. */
export function bytesPerElement(dtype: DType): number {
  return STORAGE[dtype].BYTES_PER_ELEMENT;
}

/** Number of elements of a shape; 1 for a scalar. */
export function sizeOf(shape: readonly number[]): number {
  let size = 1;
  for (const extent of shape) size *= extent;
  return size;
}

/** Bytes of a contiguous tensor of this spec. */
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

/** Makes and checks a tensor. Errors: `INVALID_SHAPE`, `INVALID_DTYPE`. */
export function tensor<D extends DType>(dtype: D, shape: readonly number[], data: StorageOf[D]): Tensor<D> {
  const value: Tensor<D> = { dtype, shape, data };
  checkTensor(value, 'core/tensor');
  return value;
}

/** An all-zero tensor. */
export function zeros<D extends DType>(dtype: D, shape: readonly number[]): Tensor<D> {
  checkSpec({ dtype, shape }, 'core/zeros');
  return { dtype, shape, data: allocate(dtype, sizeOf(shape)) };
}

/** A typed array for `length` elements. Errors: `OUT_OF_MEMORY`. */
export function allocate<D extends DType>(dtype: D, length: number): StorageOf[D] {
  try {
    return new STORAGE[dtype](length) as StorageOf[D];
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

/** A typed array over part of a buffer. */
export function storageOver<D extends DType>(
  dtype: D,
  buffer: ArrayBufferLike,
  byteOffset: number,
  length: number,
): StorageOf[D] {
  return new STORAGE[dtype](buffer as ArrayBuffer, byteOffset, length) as StorageOf[D];
}

/** An f32 tensor from numbers. */
export function f32(shape: readonly number[], data: ArrayLike<number>): Tensor<'f32'> {
  return tensor('f32', shape, data instanceof Float32Array ? data : Float32Array.from(data));
}

/** An i32 tensor from numbers. */
export function i32(shape: readonly number[], data: ArrayLike<number>): Tensor<'i32'> {
  return tensor('i32', shape, data instanceof Int32Array ? data : Int32Array.from(data));
}

/** A bool tensor from numbers or booleans: everything but 0 and false is 1. */
export function bool(shape: readonly number[], data: ArrayLike<number | boolean>): Tensor<'bool'> {
  return tensor(
    'bool',
    shape,
    Uint8Array.from(data, (value) => (value ? 1 : 0)),
  );
}

/** Throws unless the value is a well-formed tensor. `where` and `name` go into the message. */
export function checkTensor(value: Tensor, where: string, name = 'tensor'): void {
  if (typeof value !== 'object' || value === null || !('data' in value)) {
    throw new AttnError(
      'INVALID_ARGUMENT',
      where,
      `${name} must be a tensor { dtype, shape, data }, got ${show(value)}`,
    );
  }
  checkSpec(value, where, name);
  if (!(value.data instanceof STORAGE[value.dtype])) {
    const got = (value.data as object | undefined)?.constructor?.name ?? typeof value.data;
    throw new AttnError(
      'INVALID_DTYPE',
      where,
      `${name} of dtype ${value.dtype} must hold a ${STORAGE[value.dtype].name}, got ${got}`,
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

/** Throws unless the value has a known dtype and a possible shape. Errors: `INVALID_ARGUMENT`, `INVALID_DTYPE`, `INVALID_SHAPE`. */
export function checkSpec(value: TensorSpec, where: string, name = 'tensor'): void {
  if (typeof value !== 'object' || value === null) {
    throw new AttnError('INVALID_ARGUMENT', where, `${name} must be { dtype, shape }, got ${show(value)}`);
  }
  if (!Object.hasOwn(STORAGE, value.dtype)) {
    throw new AttnError(
      'INVALID_DTYPE',
      where,
      `${name} has dtype ${show(value.dtype)}; known are ${DTYPES.join(', ')}`,
    );
  }
  checkShape(value.shape, where, name);
}

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

/** The tensor itself when row-major, otherwise a row-major copy. */
export function contiguous<D extends DType>(value: Tensor<D>): Tensor<D> {
  if (value.strides === undefined) return value;
  const { dtype, shape, data, strides } = value;
  const wanted = contiguousStrides(shape);
  const size = sizeOf(shape);
  if (data.length === size && wanted.every((stride, axis) => shape[axis] <= 1 || stride === strides[axis])) {
    return { dtype, shape, data };
  }
  const out = allocate(dtype, size);
  const index = new Array<number>(shape.length).fill(0);
  let from = 0;
  for (let to = 0; to < size; to++) {
    out[to] = data[from];
    for (let axis = shape.length - 1; axis >= 0; axis--) {
      from += strides[axis];
      if (++index[axis] < shape[axis]) break;
      from -= strides[axis] * shape[axis];
      index[axis] = 0;
    }
  }
  return { dtype, shape, data: out };
}
