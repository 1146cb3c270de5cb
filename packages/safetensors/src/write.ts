/**
 * Writes a file: the header, padded so that the bytes of every tensor
 * are aligned, then the tensors, those with the largest elements first.
 */
import { AttnError, type Tensor } from '@attn/core';
import {
  aString,
  checkArgument,
  checkTensor,
  contiguous,
  isMap,
  readEntries,
  show,
  sizeOf,
} from '@attn/core/backend';
import { DTYPE_IN_FILE, FILE_DTYPES, type FileDtype } from './dtypes.ts';
import { LENGTH_BYTES, MAX_HEADER_BYTES, METADATA } from './header.ts';

/** Tensors by name. */
export type NamedTensors = ReadonlyMap<string, Tensor> | Readonly<Record<string, Tensor>>;

/** Texts by name, e.g. `{ format: 'pt' }`. */
export type Metadata = ReadonlyMap<string, string> | Readonly<Record<string, string>>;

/** Alignment in bytes: elements of this format have at most 8. */
const ALIGNMENT = 8;

/**
 * The bytes of a file in parts: the header, then the bytes of each tensor (views of the tensors' own memory),
 * so that a writer need not hold the tensors twice. Everything is checked before any part is returned.
 *
 * Errors: `INVALID_ARGUMENT`, `INVALID_SHAPE`, `INVALID_DTYPE`.
 *
 * @example
 * const file = new Blob(safetensorsParts({ x: f32([2], [1, 2]) }));
 */
export function safetensorsParts(tensors: NamedTensors, metadata?: Metadata): Uint8Array[] {
  const where = 'safetensors/write';
  const entries = pairs('tensors', tensors);
  for (const [name, tensor] of entries) {
    checkName(name);
    checkTensor(tensor, where, `tensor ${show(name)}`);
  }
  const stored = entries.map(([name, tensor]) => {
    const { data, dtype, shape } = contiguous(tensor);
    const bytes = new Uint8Array(data.buffer, data.byteOffset, data.byteLength);
    return { name, dtype: DTYPE_IN_FILE[dtype], shape, bytes };
  });
  const { header, order } = layOut(stored, metadata);
  return [header, ...order.map(({ bytes }) => bytes)];
}

/** What a header says about a tensor. */
export interface HeaderEntry {
  readonly name: string;
  readonly dtype: FileDtype;
  readonly shape: readonly number[];
}

/**
 * The header of a file, which names the tensors in their own order, and the order in which their bytes
 * follow it. Errors: `INVALID_ARGUMENT`.
 */
export function layOut<E extends HeaderEntry>(
  entries: readonly E[],
  metadata: Metadata | undefined,
): { readonly header: Uint8Array; readonly order: readonly E[] } {
  // A stable sort: tensors of one element size keep their order.
  const order = entries.toSorted((a, b) => elementBytes(b) - elementBytes(a));
  const starts = new Map<E, number>();
  let offset = 0;
  for (const entry of order) {
    starts.set(entry, offset);
    offset += byteLengthOfEntry(entry);
  }
  const fields = entries.map((entry) => {
    const { name, dtype, shape } = entry;
    const start = starts.get(entry) ?? 0;
    const offsets = [start, start + byteLengthOfEntry(entry)];
    return `${JSON.stringify(name)}:${JSON.stringify({ dtype, shape, data_offsets: offsets })}`;
  });
  if (metadata !== undefined) fields.unshift(`${JSON.stringify(METADATA)}:${metadataJson(metadata)}`);
  return { header: headerBytes(`{${fields.join(',')}}`), order };
}

function elementBytes({ dtype }: HeaderEntry): number {
  return FILE_DTYPES.get(dtype)?.bytes ?? 0;
}

/** Bytes of a tensor in the file. */
export function byteLengthOfEntry(entry: HeaderEntry): number {
  return sizeOf(entry.shape) * elementBytes(entry);
}

/** `Uint8Array<ArrayBuffer>`, which TypeScript before 5.7 cannot spell. */
export type OwnBytes = ReturnType<typeof Uint8Array.of>;

/**
 * The bytes of a file in one piece. Errors: those of `safetensorsParts`.
 *
 * @example
 * const bytes = serializeSafetensors({ x: f32([2], [1, 2]) }, { format: 'pt' });
 */
export function serializeSafetensors(tensors: NamedTensors, metadata?: Metadata): OwnBytes {
  const parts = safetensorsParts(tensors, metadata);
  const bytes = new Uint8Array(parts.reduce((total, part) => total + part.length, 0));
  let offset = 0;
  for (const part of parts) {
    bytes.set(part, offset);
    offset += part.length;
  }
  return bytes;
}

/** Refuses names that a header cannot hold. Errors: `INVALID_ARGUMENT`. */
export function checkName(name: string): void {
  if (name !== METADATA) return;
  throw new AttnError('INVALID_ARGUMENT', 'safetensors/write', `a tensor must not be named ${show(name)}`);
}

function headerBytes(json: string): Uint8Array {
  const text = new TextEncoder().encode(json);
  const length = Math.ceil(text.length / ALIGNMENT) * ALIGNMENT;
  if (length > MAX_HEADER_BYTES) {
    const message = `expected a header of at most ${MAX_HEADER_BYTES} bytes, got ${length}`;
    throw new AttnError('INVALID_ARGUMENT', 'safetensors/write', message);
  }
  const bytes = new Uint8Array(LENGTH_BYTES + length).fill(0x20);
  new DataView(bytes.buffer).setBigUint64(0, BigInt(length), true);
  bytes.set(text, LENGTH_BYTES);
  return bytes;
}

function metadataJson(metadata: Metadata): string {
  const fields = pairs('metadata', metadata).map(([name, text]) => {
    if (typeof text === 'string') return `${JSON.stringify(name)}:${JSON.stringify(text)}`;
    const message = `metadata must be strings, got ${show(text)} for ${show(name)}`;
    throw new AttnError('INVALID_ARGUMENT', 'safetensors/write', message);
  });
  return `{${fields.join(',')}}`;
}

/** Names and values of an object or a `Map`. Errors: `INVALID_ARGUMENT`. */
function pairs<T>(what: string, values: ReadonlyMap<string, T> | Readonly<Record<string, T>>): [string, T][] {
  if (!isMap(values)) return readEntries('safetensors/write', what, values) as [string, T][];
  const entries = [...(values as ReadonlyMap<string, T>)];
  for (const [name] of entries) checkArgument('safetensors/write', `each name of ${what}`, name, aString);
  return entries;
}
