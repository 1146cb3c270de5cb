/**
 * What the dtypes of a .safetensors file become in memory. Files are
 * little-endian, as is every machine that JavaScript runs on today, so numbers
 * are used where they lie; only dtypes that `@attn/core` lacks are converted.
 */
import { AttnError, type DType, type Tensor } from '@attn/core';
import { storageOver } from '@attn/core/backend';

/** Dtypes of files that can be read. */
export type FileDtype =
  | 'F64'
  | 'F32'
  | 'F16'
  | 'BF16'
  | 'I64'
  | 'I32'
  | 'I16'
  | 'I8'
  | 'U64'
  | 'U32'
  | 'U16'
  | 'U8'
  | 'BOOL';

/** Bytes of one element in the file, and the dtype of the tensor after reading. */
export const FILE_DTYPES: ReadonlyMap<string, { readonly bytes: number; readonly dtype: DType }> = new Map<
  FileDtype,
  { bytes: number; dtype: DType }
>([
  ['F64', { bytes: 8, dtype: 'f32' }],
  ['F32', { bytes: 4, dtype: 'f32' }],
  ['F16', { bytes: 2, dtype: 'f16' }],
  ['BF16', { bytes: 2, dtype: 'f32' }],
  ['I64', { bytes: 8, dtype: 'i32' }],
  ['I32', { bytes: 4, dtype: 'i32' }],
  ['I16', { bytes: 2, dtype: 'i32' }],
  ['I8', { bytes: 1, dtype: 'i32' }],
  ['U64', { bytes: 8, dtype: 'u32' }],
  ['U32', { bytes: 4, dtype: 'u32' }],
  ['U16', { bytes: 2, dtype: 'i32' }],
  ['U8', { bytes: 1, dtype: 'u8' }],
  ['BOOL', { bytes: 1, dtype: 'bool' }],
]);

/** The dtype that a tensor is written with. */
export const DTYPE_IN_FILE: Readonly<Record<DType, FileDtype>> = {
  f32: 'F32',
  f16: 'F16',
  i32: 'I32',
  u32: 'U32',
  u8: 'U8',
  bool: 'BOOL',
};

/**
 * Decodes the bytes of a tensor. The tensor shares memory with `bytes` where
 * no conversion is needed and the bytes are aligned. Errors: `INVALID_DTYPE`,
 * with the tensor's `name`, for a value that does not fit the narrower dtype.
 */
export function decodeTensor(
  dtype: FileDtype,
  shape: readonly number[],
  bytes: Uint8Array,
  name: string,
  where = 'safetensors/read',
): Tensor {
  const subject = { name, where };
  switch (dtype) {
    case 'F32':
      return { dtype: 'f32', shape, data: view('f32', bytes, 4) };
    case 'F16':
      return { dtype: 'f16', shape, data: view('f16', bytes, 2) };
    case 'I32':
      return { dtype: 'i32', shape, data: view('i32', bytes, 4) };
    case 'U32':
      return { dtype: 'u32', shape, data: view('u32', bytes, 4) };
    case 'U8':
      return { dtype: 'u8', shape, data: bytes };
    case 'BOOL':
      return { dtype: 'bool', shape, data: checkedBooleans(bytes, subject) };
    case 'BF16':
      return { dtype: 'f32', shape, data: widenBfloat16(view('f16', bytes, 2)) };
    case 'F64':
      return { dtype: 'f32', shape, data: narrowFloat64(aligned(bytes, 8), subject) };
    case 'I64':
      return { dtype: 'i32', shape, data: narrowInt64(view('i32', bytes, 4), subject) };
    case 'U64':
      return { dtype: 'u32', shape, data: narrowUint64(view('u32', bytes, 4), subject) };
    case 'I16': {
      const from = aligned(bytes, 2);
      return {
        dtype: 'i32',
        shape,
        data: Int32Array.from(new Int16Array(from.buffer, from.byteOffset, from.length / 2)),
      };
    }
    case 'U16':
      return { dtype: 'i32', shape, data: Int32Array.from(view('f16', bytes, 2)) };
    case 'I8':
      return {
        dtype: 'i32',
        shape,
        data: Int32Array.from(new Int8Array(bytes.buffer, bytes.byteOffset, bytes.length)),
      };
    default:
      return dtype satisfies never;
  }
}

/** Bytes at an address that is a multiple of `size`: `bytes` itself, or a copy. */
function aligned(bytes: Uint8Array, size: number): Uint8Array {
  return bytes.byteOffset % size === 0 ? bytes : bytes.slice();
}

function view<D extends DType>(dtype: D, bytes: Uint8Array, size: number): Tensor<D>['data'] {
  const from = aligned(bytes, size);
  return storageOver(dtype, from.buffer, from.byteOffset, from.length / size);
}

function checkedBooleans(bytes: Uint8Array, subject: Subject): Uint8Array {
  for (let i = 0; i < bytes.length; i++) {
    if (bytes[i] > 1) throw unfit(subject, 'BOOL', 'only 0 and 1', bytes[i], i);
  }
  return bytes;
}

/** bfloat16 is the upper half of a float32. */
function widenBfloat16(bits: Uint16Array): Float32Array {
  const wide = new Uint32Array(bits.length);
  for (let i = 0; i < bits.length; i++) wide[i] = bits[i] << 16;
  return new Float32Array(wide.buffer);
}

/** Rounds to the nearest float32; a finite number that would become infinite is refused. */
function narrowFloat64(bytes: Uint8Array, subject: Subject): Float32Array {
  const from = new Float64Array(bytes.buffer, bytes.byteOffset, bytes.length / 8);
  const to = Float32Array.from(from);
  for (let i = 0; i < to.length; i++) {
    if (!Number.isFinite(to[i]) && Number.isFinite(from[i]))
      throw unfit(subject, 'F64', 'numbers that fit in f32', from[i], i);
  }
  return to;
}

/** `words` are pairs of low and high half; the high half of a number that fits is its sign. */
function narrowInt64(words: Int32Array, subject: Subject): Int32Array {
  const to = new Int32Array(words.length / 2);
  for (let i = 0; i < to.length; i++) {
    to[i] = words[2 * i];
    if (words[2 * i + 1] !== to[i] >> 31) {
      const value = (BigInt(words[2 * i + 1]) << 32n) | BigInt(words[2 * i] >>> 0);
      throw unfit(subject, 'I64', 'integers that fit in i32', value, i);
    }
  }
  return to;
}

function narrowUint64(words: Uint32Array, subject: Subject): Uint32Array {
  const to = new Uint32Array(words.length / 2);
  for (let i = 0; i < to.length; i++) {
    to[i] = words[2 * i];
    if (words[2 * i + 1] !== 0) {
      throw unfit(
        subject,
        'U64',
        'integers that fit in u32',
        (BigInt(words[2 * i + 1]) << 32n) | BigInt(to[i]),
        i,
      );
    }
  }
  return to;
}

/** A tensor, and who reads it, for errors. */
interface Subject {
  readonly name: string;
  readonly where: string;
}

function unfit(
  { name, where }: Subject,
  dtype: string,
  expected: string,
  got: number | bigint,
  index: number,
): AttnError {
  return new AttnError(
    'INVALID_DTYPE',
    where,
    `tensor ${JSON.stringify(name)} of dtype ${dtype} must hold ${expected}, got ${got} at element ${index}`,
  );
}
