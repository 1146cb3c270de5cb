/**
 * Writes a file: the header, padded so that the bytes of every tensor
 * are aligned, then the tensors, those with the largest elements first.
 */
import { AttnError, type Tensor } from '@attn/core';
import {
  aString,
  bytesPerElement,
  checkArgument,
  checkTensor,
  contiguous,
  isMap,
  readEntries,
  show,
} from '@attn/core/backend';
import { DTYPE_IN_FILE } from './dtypes.ts';
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
    if (name === METADATA || name === '__proto__') {
      throw new AttnError('INVALID_ARGUMENT', where, `a tensor must not be named ${show(name)}`);
    }
    checkTensor(tensor, where, `tensor ${show(name)}`);
  }
  // Array.prototype.sort is stable: tensors of one element size keep the order they were given in.
  entries.sort(([, a], [, b]) => bytesPerElement(b.dtype) - bytesPerElement(a.dtype));

  const parts: Uint8Array[] = [];
  const fields: string[] = [];
  if (metadata !== undefined) fields.push(`${JSON.stringify(METADATA)}:${metadataJson(metadata)}`);
  let offset = 0;
  for (const [name, tensor] of entries) {
    const { data, dtype, shape } = contiguous(tensor);
    const entry = { dtype: DTYPE_IN_FILE[dtype], shape, data_offsets: [offset, offset + data.byteLength] };
    fields.push(`${JSON.stringify(name)}:${JSON.stringify(entry)}`);
    parts.push(new Uint8Array(data.buffer, data.byteOffset, data.byteLength));
    offset += data.byteLength;
  }
  return [headerBytes(`{${fields.join(',')}}`), ...parts];
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
