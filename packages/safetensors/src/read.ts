/** Two ways to read: all of a file that is in memory, or tensor by tensor from any source. */
import { AttnError, type DType, type Tensor } from '@attn/core';
import { checkArgument, integer, show, storageOver, type Kind } from '@attn/core/backend';
import { decodeTensor, FILE_DTYPES, type FileDtype } from './dtypes.ts';
import {
  aUint8Array,
  dataStart,
  malformed,
  readSafetensorsHeader,
  type SafetensorsHeader,
  type TensorEntry,
} from './header.ts';
import { MISTAKEN_BYTES } from './mistaken-file.ts';
import type { ByteRange } from './read-ahead.ts';

/** Tensors and metadata in memory. */
export interface Safetensors {
  readonly tensors: ReadonlyMap<string, Tensor>;
  readonly metadata: ReadonlyMap<string, string>;
}

/** A source of a file's bytes: a file handle, a `Blob`, range requests, … */
export interface SafetensorsSource {
  /** Bytes of the whole file. */
  readonly size: number;
  /** Name for error messages. */
  readonly name?: string;
  /** Reads exactly `length` bytes from `offset`, into memory that the source will not write to again. */
  read(offset: number, length: number): Promise<Uint8Array>;
  /**
   * Says which ranges are read next, each once, in this order, so that neighbours come in one answer. Returns
   * a function that ends this: what was not read is forgotten. Absent where it would gain nothing.
   */
  readAhead?(ranges: readonly ByteRange[]): () => void;
}

/** Everything about a tensor but its data. */
export interface SafetensorsSpec {
  /** The dtype in the file. */
  readonly fileDtype: FileDtype;
  /** The dtype of the tensor that `tensor` returns. */
  readonly dtype: DType;
  readonly shape: readonly number[];
  /** Offset of its first byte, from the start of the file. */
  readonly byteOffset: number;
  /** Bytes in the file. */
  readonly byteLength: number;
}

/** An open file. Only the header is in memory; each `tensor` call reads that tensor's bytes, once. */
export interface SafetensorsFile {
  /** Names of all tensors, in the order of the header. */
  readonly names: readonly string[];
  readonly metadata: ReadonlyMap<string, string>;
  has(name: string): boolean;
  /** Everything about a tensor but its data. Errors: `MISSING_INPUT` when there is no such tensor. */
  spec(name: string): SafetensorsSpec;
  /**
   * Reads a tensor. Errors: `MISSING_INPUT`; `INVALID_DTYPE` for a value
   * that fits no dtype of `@attn/core`; whatever the source throws.
   */
  tensor(name: string): Promise<Tensor>;
  /**
   * Reads the rows [from, to) of a tensor, along its first axis. Errors: those of `tensor`;
   * `INVALID_ARGUMENT` for rows that it does not have.
   */
  rows(name: string, from: number, to: number): Promise<Tensor>;
  /** Reads a tensor's elements as they are in the file: little-endian, row-major. Errors as in `tensor`. */
  bytes(name: string): Promise<Uint8Array>;
  /**
   * Says which tensors are read next, each once, in this order. A source that sends requests then fetches
   * neighbours in the file in one answer of some MB, and one answer ahead. Returns a function that ends this:
   * its requests are cancelled, and what was not read is forgotten. Errors: `MISSING_INPUT`.
   *
   * @example
   * const end = file.readAhead(['bias', 'weight']);
   * const tensors = [await file.tensor('bias'), await file.tensor('weight')];
   * end();
   */
  readAhead(names: readonly string[]): () => void;
}

const WHERE = 'safetensors/read';

const aSource: Kind = {
  expected: 'a source { size, read }',
  test(value) {
    const { size, name, read, readAhead } = Object(value) as Partial<SafetensorsSource>;
    const isNamed = name === undefined || typeof name === 'string';
    const isAhead = readAhead === undefined || typeof readAhead === 'function';
    return integer(0).test(size) && isNamed && typeof read === 'function' && isAhead;
  },
};

/**
 * Reads a whole file from memory. A dtype that `@attn/core` lacks becomes the next one:
 * BF16 and F64 → f32 (F64 is rounded to nearest; a finite value beyond f32 is an error),
 * I8, I16, U16 and I64 → i32, U64 → u32 (a value beyond 32 bits is an error). The other
 * tensors share memory with `bytes`, or are copied where they are not aligned.
 *
 * Errors: `MALFORMED_FILE`, `INVALID_DTYPE`.
 *
 * @example
 * const response = await fetch('model.safetensors');
 * const { tensors } = parseSafetensors(new Uint8Array(await response.arrayBuffer()));
 */
export function parseSafetensors(bytes: Uint8Array): Safetensors {
  const own = ownView(bytes);
  const header = readSafetensorsHeader(own, own.length);
  const tensors = new Map<string, Tensor>();
  for (const [name, { dtype, shape, offset, byteLength }] of header.tensors) {
    tensors.set(name, decodeTensor(dtype, shape, own.subarray(offset, offset + byteLength), name));
  }
  return { tensors, metadata: header.metadata };
}

/**
 * Opens a file without reading its tensors; dtypes as in `parseSafetensors`.
 *
 * Errors: `MALFORMED_FILE`.
 *
 * @example
 * const file = await openSafetensors(await httpSource('https://example.org/model.safetensors'));
 * const bias = await file.tensor('bias');
 */
export async function openSafetensors(source: SafetensorsSource): Promise<SafetensorsFile> {
  checkArgument(WHERE, 'source', source, aSource);
  const header = await readHeader(source);
  const entryOf = (name: string): TensorEntry => {
    const entry = header.tensors.get(name);
    if (entry !== undefined) return entry;
    const names = [...header.tensors.keys()];
    const listed = names.slice(0, 12).join(', ') + (names.length > 12 ? `, … (${names.length} in all)` : '');
    const contents = names.length === 0 ? 'no tensors' : listed;
    const file = source.name ?? 'the file';
    throw new AttnError(
      'MISSING_INPUT',
      'safetensors/read',
      `${file} has no tensor ${show(name)}; it has ${contents}`,
    );
  };
  return {
    names: [...header.tensors.keys()],
    metadata: header.metadata,
    has: (name) => header.tensors.has(name),
    spec: (name) => {
      const { dtype: fileDtype, shape, offset: byteOffset, byteLength } = entryOf(name);
      return { fileDtype, dtype: FILE_DTYPES.get(fileDtype)?.dtype ?? 'f32', shape, byteOffset, byteLength };
    },
    tensor: async (name) => {
      const { dtype, shape, offset, byteLength } = entryOf(name);
      return decodeTensor(dtype, shape, await readExactly(source, offset, byteLength), name);
    },
    rows: async (name, from, to) => {
      const { dtype, shape, offset, byteLength } = entryOf(name);
      const [count = 0, ...rest] = shape;
      if (!(Number.isInteger(from) && Number.isInteger(to) && 0 <= from && from <= to && to <= count)) {
        const message = `tensor ${show(name)} has rows 0 to ${count}, got ${show([from, to])}`;
        throw new AttnError('INVALID_ARGUMENT', WHERE, message);
      }
      const width = byteLength / Math.max(1, count);
      const bytes = await readExactly(source, offset + from * width, (to - from) * width);
      return decodeTensor(dtype, [to - from, ...rest], bytes, name);
    },
    bytes: async (name) => {
      const { offset, byteLength } = entryOf(name);
      return readExactly(source, offset, byteLength);
    },
    readAhead: (names) => {
      const ranges = names.map(entryOf).map(({ offset, byteLength: length }) => ({ offset, length }));
      return source.readAhead?.(ranges) ?? (() => {});
    },
  };
}

async function readHeader(source: SafetensorsSource): Promise<SafetensorsHeader> {
  const { size, name } = source;
  const first = await readExactly(source, 0, Math.min(size, MISTAKEN_BYTES));
  const head = await readExactly(source, 0, dataStart(first, size, name));
  return readSafetensorsHeader(head, size, name);
}

async function readExactly(source: SafetensorsSource, offset: number, length: number): Promise<Uint8Array> {
  const bytes = ownView(await source.read(offset, length));
  if (bytes.length === length) return bytes;
  throw malformed(source.name, `expected ${length} bytes at offset ${offset}, got ${bytes.length}`);
}

/**
 * A view of this realm over the same bytes; the caller's array may be
 * of another realm. Errors: `INVALID_ARGUMENT`.
 */
function ownView(bytes: Uint8Array): Uint8Array {
  checkArgument(WHERE, 'bytes', bytes, aUint8Array);
  return storageOver('u8', bytes.buffer, bytes.byteOffset, bytes.length);
}
