/**
 * The header of a .safetensors file. A file may come from the network, so every number in it is checked
 * before anything is allocated for it. All rules of the format (https://huggingface.co/docs/safetensors)
 * are enforced here, also that the tensors cover the data without gaps or overlaps.
 */
import { AttnError } from '@attn/core';
import {
  aString,
  checkArgument,
  integer,
  ordinaryMemory,
  show,
  typedArrayName,
  type Kind,
} from '@attn/core/backend';
import { FILE_DTYPES, type FileDtype } from './dtypes.ts';
import { namesIn } from './json-names.ts';
import { mistakenFile } from './mistaken-file.ts';

/** Bytes of the number before the header that says how long the header is. */
export const LENGTH_BYTES = 8;

/** The character `{`. */
const BRACE = 0x7b;

/** Bytes of the longest header that readers accept. */
export const MAX_HEADER_BYTES = 100_000_000;

/** A `Uint8Array`, of any realm. */
export const aUint8Array: Kind = {
  expected: 'a Uint8Array',
  test: (value) => typedArrayName(value) === 'Uint8Array',
};

/** Name of the entry of the header that is not a tensor. */
export const METADATA = '__metadata__';

/** One tensor of a file. */
export interface TensorEntry {
  readonly dtype: FileDtype;
  readonly shape: readonly number[];
  /** First byte, counted from the start of the file. */
  readonly offset: number;
  readonly byteLength: number;
}

/** The content of a header, checked. */
export interface SafetensorsHeader {
  readonly tensors: ReadonlyMap<string, TensorEntry>;
  readonly metadata: ReadonlyMap<string, string>;
}

/** The error of a file that breaks the rules. `file` is its name, if it has one. */
export function malformed(file: string | undefined, message: string, options?: ErrorOptions): AttnError {
  const sentence = file === undefined ? message : `${file}: ${message}`;
  return new AttnError('MALFORMED_FILE', 'safetensors/read', sentence, options);
}

/** Offset of the tensors' bytes, from the first bytes of a file, at least 8. Errors: `MALFORMED_FILE`. */
export function dataStart(head: Uint8Array, fileSize: number, file?: string): number {
  // A header begins with a brace: what stands before it may be any number.
  const mistaken = head[LENGTH_BYTES] === BRACE ? undefined : mistakenFile(head);
  if (mistaken !== undefined) throw malformed(file, `expected a .safetensors file, but it is ${mistaken}`);
  if (fileSize < LENGTH_BYTES || head.length < LENGTH_BYTES) {
    throw malformed(file, `expected at least 8 bytes, got ${Math.min(fileSize, head.length)}`);
  }
  const words = new DataView(head.buffer, head.byteOffset, LENGTH_BYTES);
  const length = words.getUint32(0, true) + words.getUint32(4, true) * 2 ** 32;
  if (length > MAX_HEADER_BYTES) {
    throw malformed(file, `expected a header of at most ${MAX_HEADER_BYTES} bytes, got ${length}`);
  }
  if (LENGTH_BYTES + length > fileSize) {
    throw malformed(file, `expected a header of ${length} bytes, but the file ends after ${fileSize} bytes`);
  }
  return LENGTH_BYTES + length;
}

/**
 * Reads and checks a header.
 *
 * Errors: `MALFORMED_FILE`, `INVALID_ARGUMENT`.
 *
 * @param head first bytes of the file, at least the whole header
 * @param fileSize bytes of the whole file
 * @param file name of the file, for messages
 *
 * @example
 * const { tensors, metadata } = readSafetensorsHeader(bytes, bytes.length);
 */
export function readSafetensorsHeader(head: Uint8Array, fileSize: number, file?: string): SafetensorsHeader {
  const where = 'safetensors/read';
  checkArgument(where, 'head', head, aUint8Array);
  checkArgument(where, 'fileSize', fileSize, integer(0));
  if (file !== undefined) checkArgument(where, 'file', file, aString);
  const start = dataStart(head, fileSize, file);
  if (head.length < start) throw malformed(file, `expected ${start} bytes of header, got ${head.length}`);
  const fields = parseObject(head.subarray(LENGTH_BYTES, start), file);

  const tensors = new Map<string, TensorEntry>();
  let metadata: ReadonlyMap<string, string> = new Map();
  for (const [name, value] of fields) {
    if (name === METADATA) metadata = readMetadata(value, file);
    else tensors.set(name, readEntry(name, value, start, file));
  }
  checkNoGaps(tensors, start, fileSize, file);
  return { tensors, metadata };
}

/** The fields of a JSON object, in the order of the text. */
function parseObject(bytes: Uint8Array, file: string | undefined): readonly (readonly [string, unknown])[] {
  let text: string;
  let value: unknown;
  try {
    text = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(ordinaryMemory(bytes));
  } catch (cause) {
    throw malformed(file, 'the header is not valid UTF-8', { cause });
  }
  try {
    value = JSON.parse(text);
  } catch (cause) {
    const reason = cause instanceof Error ? cause.message : String(cause);
    throw malformed(file, `the header is not valid JSON: ${reason.slice(0, 120)}`, { cause });
  }
  if (!isObject(value)) throw malformed(file, `the header must be a JSON object, got ${show(value)}`);
  const { names, duplicate } = namesIn(text);
  if (duplicate !== undefined) throw malformed(file, `the header names ${show(duplicate)} twice`);
  const fields = value;
  return names.map((name) => [name, fields[name]] as const);
}

function readMetadata(value: unknown, file: string | undefined): ReadonlyMap<string, string> {
  if (!isObject(value)) throw malformed(file, `${METADATA} must be an object of strings, got ${show(value)}`);
  const metadata = new Map<string, string>();
  for (const [name, text] of Object.entries(value)) {
    if (typeof text !== 'string') {
      throw malformed(file, `${METADATA} must be an object of strings, got ${show(text)} for ${show(name)}`);
    }
    metadata.set(name, text);
  }
  return metadata;
}

function readEntry(name: string, value: unknown, start: number, file: string | undefined): TensorEntry {
  const entryError = (what: string, got: unknown) =>
    malformed(file, `tensor ${show(name)} ${what}, got ${show(got)}`);
  if (!isObject(value)) throw entryError('must be an object', value);

  const { dtype, shape, data_offsets: offsets } = value;
  const stored = typeof dtype === 'string' ? FILE_DTYPES.get(dtype) : undefined;
  if (stored === undefined)
    throw entryError(`must have a dtype of ${[...FILE_DTYPES.keys()].join(', ')}`, dtype);
  if (!isSizes(shape)) throw entryError('must have a shape of integers ≥ 0', shape);
  if (!isSizes(offsets) || offsets.length !== 2 || offsets[0] > offsets[1]) {
    throw entryError('must have data_offsets [begin, end]', offsets);
  }

  let bytes = stored.bytes;
  for (const extent of shape) bytes = Number.isSafeInteger(bytes) ? bytes * extent : NaN;
  const [begin, end] = offsets;
  if (bytes !== end - begin) {
    const needs = Number.isSafeInteger(bytes) ? String(bytes) : 'more than 2^53';
    throw entryError(`of dtype ${String(dtype)} and shape ${show(shape)} needs ${needs} bytes`, end - begin);
  }
  return { dtype: dtype as FileDtype, shape, offset: start + begin, byteLength: bytes };
}

/** The tensors must lie end to end, in any order of names, from the first byte of data to the last. */
function checkNoGaps(
  tensors: ReadonlyMap<string, TensorEntry>,
  start: number,
  fileSize: number,
  file: string | undefined,
): void {
  const sorted = [...tensors].sort(([, a], [, b]) => a.offset - b.offset || a.byteLength - b.byteLength);
  let end = start;
  for (const [name, entry] of sorted) {
    const at = entry.offset - start;
    if (entry.offset < end)
      throw malformed(file, `tensor ${show(name)} overlaps another one at data offset ${at}`);
    if (entry.offset > end) {
      throw malformed(
        file,
        `no tensor owns the data between ${end - start} and ${at}, where ${show(name)} begins`,
      );
    }
    end += entry.byteLength;
  }
  if (end !== fileSize) {
    throw malformed(
      file,
      `the tensors need ${end - start} bytes of data, but the file has ${fileSize - start}`,
    );
  }
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function isSizes(value: unknown): value is number[] {
  return Array.isArray(value) && value.every((size) => Number.isSafeInteger(size) && size >= 0);
}
