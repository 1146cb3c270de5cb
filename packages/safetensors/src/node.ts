/**
 * Files on disk, for Node. Reading holds one tensor at a time. Writing goes to a temporary file,
 * which takes the target's name only when all of it is on disk: the target is never half a file.
 */
import { randomUUID } from 'node:crypto';
import { lstat, open, realpath, rename, rm } from 'node:fs/promises';
import { AttnError, type DType } from '@attn/core';
import {
  aFunction,
  anObject,
  aSignal,
  checkArgument,
  checkOptions,
  isMap,
  lazyTensor,
  show,
  throwIfAborted,
  withCallbacks,
  type Kind,
  type LazyTensor,
  type OptionKinds,
  type WithAsyncDispose,
} from '@attn/core/backend';
import { aPath, CHUNK_BYTES, DiskFile, fileError } from './disk-file.ts';
import { decodeTensor, DTYPE_IN_FILE, FILE_DTYPES, type FileDtype } from './dtypes.ts';
import { openSafetensors, type SafetensorsFile } from './read.ts';
import {
  byteLengthOfEntry,
  checkName,
  layOut,
  safetensorsParts,
  type HeaderEntry,
  type Metadata,
  type NamedTensors,
} from './write.ts';

export { DiskFile } from './disk-file.ts';

/** An open file on disk. Tensors that were read stay valid when it is disposed. */
export interface SafetensorsDiskFile extends SafetensorsFile, WithAsyncDispose {
  /**
   * A tensor that is read when its data is asked for, and read again when nobody
   * holds that data any more. It can be read after this file is disposed. Its data
   * throws `MALFORMED_FILE` if the file on disk has changed. Errors: `MISSING_INPUT`.
   */
  lazyTensor(name: string): LazyTensor;
  /** A tensor's elements as they are in the file, which are read as those of `lazyTensor` are. */
  lazyBytes(name: string): LazyTensor<'u8'>;
}

/** Options of `writeSafetensorsFile`. */
export interface WriteOptions {
  readonly metadata?: Metadata;
  /** Stops writing; the target stays as it was. */
  readonly signal?: AbortSignal;
}

const WHERE = 'safetensors/write';

const WRITE_OPTIONS: OptionKinds<WriteOptions> = { metadata: anObject, signal: aSignal };
const STORED_OPTIONS: OptionKinds<StoredWriteOptions> = { ...WRITE_OPTIONS, onProgress: aFunction };

const storedTensors: Kind = {
  expected: 'a Map of tensors { fileDtype, shape, bytes } by name',
  test: (value) => isMap(value) && [...(value as ReadonlyMap<unknown, unknown>)].every(isStored),
};

function isStored([name, value]: readonly [unknown, unknown]): boolean {
  const { fileDtype, shape, bytes } = Object(value) as Partial<Record<keyof StoredTensor, unknown>>;
  const isDtype = typeof fileDtype === 'string' && FILE_DTYPES.has(fileDtype);
  const isShape =
    Array.isArray(shape) && shape.every((extent) => Number.isSafeInteger(extent) && extent >= 0);
  return typeof name === 'string' && isDtype && isShape && typeof bytes === 'function';
}

/**
 * Opens a file on disk without reading its tensors; dtypes as in `parseSafetensors`.
 *
 * Errors: `FILE_NOT_FOUND`, `MALFORMED_FILE`, `INVALID_ARGUMENT` (no permission, a folder).
 *
 * @example
 * await using file = await openSafetensorsFile('model.safetensors'); // or: await file.dispose()
 * console.log(file.names, await file.tensor('x'));
 */
export async function openSafetensorsFile(path: string): Promise<SafetensorsDiskFile> {
  const disk = await DiskFile.open(path, 'safetensors/read');
  try {
    const file = await openSafetensors(disk);
    return {
      ...file,
      lazyTensor: (name) => lazyTensorOf(disk, file, name),
      lazyBytes: (name) => lazyBytesOf(disk, file, name),
      dispose: () => disk.dispose(),
      [Symbol.asyncDispose]: () => disk.dispose(),
    };
  } catch (error) {
    await disk.dispose();
    throw error;
  }
}

function lazyTensorOf(disk: DiskFile, file: SafetensorsFile, name: string): LazyTensor {
  const { fileDtype, dtype, shape, byteOffset, byteLength } = file.spec(name);
  const readData = () => decodeTensor(fileDtype, shape, disk.readNow(byteOffset, byteLength), name).data;
  const isAsStored = DTYPE_IN_FILE[dtype] === fileDtype;
  return lazyTensor<DType>(
    { dtype, shape },
    readData,
    isAsStored ? disk.span(byteOffset, byteLength) : undefined,
  );
}

function lazyBytesOf(disk: DiskFile, file: SafetensorsFile, name: string): LazyTensor<'u8'> {
  const { byteOffset, byteLength } = file.spec(name);
  const spec = { dtype: 'u8', shape: [byteLength] } as const;
  const read = (): Uint8Array => disk.readNow(byteOffset, byteLength);
  return lazyTensor(spec, read, disk.span(byteOffset, byteLength));
}

/**
 * Writes a file. On failure or abort the target stays as it was, and no other file is left behind.
 *
 * Errors: `INVALID_ARGUMENT`, `FILE_NOT_FOUND` (no such folder), `ABORTED`, `INTERNAL` (disk full, …).
 *
 * @example
 * await writeSafetensorsFile('x.safetensors', { x: f32([2], [1, 2]) }, { metadata: { format: 'pt' } });
 */
export async function writeSafetensorsFile(
  path: string,
  tensors: NamedTensors,
  options: WriteOptions = {},
): Promise<void> {
  checkArgument(WHERE, 'path', path, aPath);
  const { metadata, signal } = checkOptions(WHERE, options, WRITE_OPTIONS);
  await writeParts(path, safetensorsParts(tensors, metadata), signal);
}

/** A tensor in the form in which a file stores it, which is read when it is written. */
export interface StoredTensor {
  readonly fileDtype: FileDtype;
  readonly shape: readonly number[];
  /** Its elements, little-endian and row-major. */
  bytes(): Promise<Uint8Array>;
}

/** Options of `writeStoredTensors`. */
export interface StoredWriteOptions extends WriteOptions {
  /** Called as tensors are written, in bytes. An error that it throws ends the writing, as an abort does. */
  readonly onProgress?: (progress: { readonly done: number; readonly total: number }) => void;
}

/**
 * Writes tensors as they are stored elsewhere, in any dtype of files and in the order of the map. They are
 * read one after the other: only one is in memory. Failure and abort are those of `writeSafetensorsFile`.
 *
 * Errors: `INVALID_ARGUMENT` (bytes that do not fit the shape), those of `writeSafetensorsFile`, and those
 * of the tensors' `bytes`.
 *
 * @example
 * const file = await openTorchFile('pytorch_model.bin');
 * const entries = file.names.map((name) => [name, { ...file.spec(name), bytes: () => file.bytes(name) }]);
 * await writeStoredTensors('model.safetensors', new Map(entries));
 */
export async function writeStoredTensors(
  path: string,
  tensors: ReadonlyMap<string, StoredTensor>,
  options: StoredWriteOptions = {},
): Promise<void> {
  checkArgument(WHERE, 'path', path, aPath);
  const { metadata, signal, onProgress } = checkOptions(WHERE, options, STORED_OPTIONS);
  checkArgument(WHERE, 'tensors', tensors, storedTensors);
  const entries = [...tensors].map(([name, stored]) => {
    checkName(name);
    return { name, dtype: stored.fileDtype, shape: stored.shape, bytes: () => stored.bytes() };
  });
  const { header, order } = layOut(entries, metadata);
  await withCallbacks({ onProgress }, signal, (callbacks, stop) =>
    writeParts(path, storedParts(header, order, callbacks.onProgress), stop),
  );
}

/** The header, and then each tensor's bytes. */
async function* storedParts(
  header: Uint8Array,
  order: readonly (HeaderEntry & Pick<StoredTensor, 'bytes'>)[],
  onProgress: StoredWriteOptions['onProgress'],
): AsyncGenerator<Uint8Array, void, undefined> {
  yield header;
  const total = order.reduce((sum, entry) => sum + byteLengthOfEntry(entry), 0);
  let done = 0;
  for (const entry of order) {
    onProgress?.({ done, total });
    const bytes = await entry.bytes();
    const expected = byteLengthOfEntry(entry);
    if (bytes.length !== expected) {
      const message = `tensor ${show(entry.name)} must have ${expected} bytes, got ${bytes.length}`;
      throw new AttnError('INVALID_ARGUMENT', WHERE, message);
    }
    yield bytes;
    done += expected;
  }
  onProgress?.({ done, total });
}

/** Writes parts under another name, which becomes the target's when all are on disk. */
async function writeParts(
  path: string,
  parts: Iterable<Uint8Array> | AsyncIterable<Uint8Array>,
  signal: AbortSignal | undefined,
): Promise<void> {
  const target = await replaceable(path);
  const temporary = `${target}.${randomUUID().slice(0, 8)}.tmp`;
  try {
    const handle = await open(temporary, 'wx');
    try {
      for await (const part of parts) {
        for (let at = 0; at < part.length; at += CHUNK_BYTES) {
          throwIfAborted(signal, WHERE);
          await handle.writeFile(part.subarray(at, at + CHUNK_BYTES));
        }
      }
      await handle.sync();
    } finally {
      await handle.close();
    }
    throwIfAborted(signal, WHERE);
    await rename(temporary, target);
  } catch (error) {
    await rm(temporary, { force: true });
    throw error instanceof AttnError || !isSystemError(error)
      ? error
      : fileError(WHERE, 'write', path, error);
  }
}

/** True for an error of a system call; others are those of whoever gives the bytes. */
function isSystemError(error: unknown): boolean {
  return error instanceof Error && 'syscall' in error;
}

/** The path to write to, which is the target of a symbolic link. A folder or a device is refused. */
async function replaceable(path: string): Promise<string> {
  const target = await realpath(path).catch(() => path);
  const stats = await lstat(target).catch(() => undefined);
  if (stats === undefined || stats.isFile()) return target;
  throw new AttnError('INVALID_ARGUMENT', WHERE, `${path} exists and is not a regular file`);
}
