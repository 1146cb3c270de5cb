/**
 * Files on disk, for Node. Reading holds one tensor at a time. Writing goes to a temporary file,
 * which takes the target's name only when all of it is on disk: the target is never half a file.
 */
import { randomUUID } from 'node:crypto';
import { lstat, open, realpath, rename, rm } from 'node:fs/promises';
import { AttnError, type DType } from '@attn/core';
import {
  anObject,
  aSignal,
  checkArgument,
  checkOptions,
  lazyTensor,
  throwIfAborted,
  type LazyTensor,
  type OptionKinds,
  type WithAsyncDispose,
} from '@attn/core/backend';
import { aPath, CHUNK_BYTES, DiskFile, fileError } from './disk-file.ts';
import { decodeTensor, DTYPE_IN_FILE } from './dtypes.ts';
import { openSafetensors, type SafetensorsFile } from './read.ts';
import { safetensorsParts, type Metadata, type NamedTensors } from './write.ts';

export { DiskFile } from './disk-file.ts';

/** An open file on disk. Tensors that were read stay valid when it is disposed. */
export interface SafetensorsDiskFile extends SafetensorsFile, WithAsyncDispose {
  /**
   * A tensor that is read when its data is asked for, and read again when nobody
   * holds that data any more. It can be read after this file is disposed. Its data
   * throws `MALFORMED_FILE` if the file on disk has changed. Errors: `MISSING_INPUT`.
   */
  lazyTensor(name: string): LazyTensor;
}

/** Options of `writeSafetensorsFile`. */
export interface WriteOptions {
  readonly metadata?: Metadata;
  /** Stops writing; the target stays as it was. */
  readonly signal?: AbortSignal;
}

const WRITE_OPTIONS: OptionKinds<WriteOptions> = { metadata: anObject, signal: aSignal };

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
  const where = 'safetensors/write';
  checkArgument(where, 'path', path, aPath);
  const { metadata, signal } = checkOptions(where, options, WRITE_OPTIONS);
  const parts = safetensorsParts(tensors, metadata);
  const target = await replaceable(path);
  const temporary = `${target}.${randomUUID().slice(0, 8)}.tmp`;
  try {
    const handle = await open(temporary, 'wx');
    try {
      for (const part of parts) {
        for (let at = 0; at < part.length; at += CHUNK_BYTES) {
          throwIfAborted(signal, where);
          await handle.writeFile(part.subarray(at, at + CHUNK_BYTES));
        }
      }
      await handle.sync();
    } finally {
      await handle.close();
    }
    throwIfAborted(signal, where);
    await rename(temporary, target);
  } catch (error) {
    await rm(temporary, { force: true });
    throw error instanceof AttnError ? error : fileError(where, 'write', path, error);
  }
}

/** The path to write to, which is the target of a symbolic link. A folder or a device is refused. */
async function replaceable(path: string): Promise<string> {
  const target = await realpath(path).catch(() => path);
  const stats = await lstat(target).catch(() => undefined);
  if (stats === undefined || stats.isFile()) return target;
  throw new AttnError('INVALID_ARGUMENT', 'safetensors/write', `${path} exists and is not a regular file`);
}
