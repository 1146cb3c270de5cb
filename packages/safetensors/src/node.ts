/**
 * Files on disk, for Node. Reading holds one tensor at a time. Writing goes to a temporary file,
 * which takes the target's name only when all of it is on disk: the target is never half a file.
 */
import { randomUUID } from 'node:crypto';
import { closeSync, fstatSync, openSync, readSync, type BigIntStats } from 'node:fs';
import { lstat, open, realpath, rename, rm, type FileHandle } from 'node:fs/promises';
import { basename, dirname } from 'node:path';
import { AttnError, type AttnErrorCode, type DType } from '@attn/core';
import {
  allocate,
  anObject,
  aSignal,
  checkArgument,
  checkOptions,
  lazyTensor,
  throwIfAborted,
  type FileSpan,
  type Kind,
  type LazyTensor,
  type OptionKinds,
  type WithAsyncDispose,
} from '@attn/core/backend';
import { decode, DTYPE_IN_FILE } from './dtypes.ts';
import { malformed } from './header.ts';
import { openSafetensors, type SafetensorsFile } from './read.ts';
import { safetensorsParts, type Metadata, type NamedTensors } from './write.ts';

/**
 * Most bytes that one system call moves: less than any platform's
 * limit, and few enough to notice an abort soon.
 */
const CHUNK_BYTES = 64 * 2 ** 20;

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

const aPath: Kind = {
  expected: 'the path of a file',
  test: (value) => typeof value === 'string' && value !== '',
};

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
  const where = 'safetensors/read';
  checkArgument(where, 'path', path, aPath);
  const handle = await open(path, 'r').catch((cause: unknown) => {
    throw fileError(where, 'read', path, cause);
  });
  try {
    const stats = await handle.stat({ bigint: true });
    if (!stats.isFile()) throw new AttnError('INVALID_ARGUMENT', where, `${path} is not a file`);
    const readBytes = (offset: number, length: number) => readRange(handle, path, offset, length);
    const file = await openSafetensors({ size: Number(stats.size), name: path, read: readBytes });
    const reopener = new Reopener(await realpath(path), stats);
    return {
      ...file,
      lazyTensor: (name) => reopener.lazyTensor(file, name),
      dispose: () => handle.close(),
      [Symbol.asyncDispose]: () => handle.close(),
    };
  } catch (error) {
    await handle.close();
    throw error;
  }
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

async function readRange(
  handle: FileHandle,
  path: string,
  offset: number,
  length: number,
): Promise<Uint8Array> {
  const bytes = allocate('u8', length);
  let done = 0;
  try {
    while (done < length) {
      const want = Math.min(CHUNK_BYTES, length - done);
      const { bytesRead } = await handle.read(bytes, done, want, offset + done);
      if (bytesRead === 0) break;
      done += bytesRead;
    }
  } catch (cause) {
    throw fileError('safetensors/read', 'read', path, cause);
  }
  return bytes.subarray(0, done);
}

/** Opens a file again for each read, and checks that it is still the file that was opened first. */
class Reopener {
  private readonly path: string;
  private readonly stats: BigIntStats;

  constructor(path: string, stats: BigIntStats) {
    this.path = path;
    this.stats = stats;
  }

  /** A tensor of the file that is read when its data is asked for. */
  lazyTensor(file: SafetensorsFile, name: string): LazyTensor {
    const { fileDtype, dtype, shape, byteOffset, byteLength } = file.spec(name);
    const readData = () => decode(fileDtype, shape, this.read(byteOffset, byteLength), name).data;
    const folder = dirname(this.path);
    const span: FileSpan = { folder, name: basename(this.path), byteOffset, byteLength, verify: this.verify };
    return lazyTensor<DType>(
      { dtype, shape },
      readData,
      DTYPE_IN_FILE[dtype] === fileDtype ? span : undefined,
    );
  }

  private readonly verify = (): void => this.open(() => {});

  private read(offset: number, length: number): Uint8Array {
    const bytes = allocate('u8', length);
    this.open((handle) => {
      for (let done = 0; done < length;) {
        const count = readSync(handle, bytes, done, Math.min(CHUNK_BYTES, length - done), offset + done);
        if (count === 0) throw malformed(this.path, `expected ${length} bytes at ${offset}, got ${done}`);
        done += count;
      }
    });
    return bytes;
  }

  private open(use: (handle: number) => void): void {
    let handle: number | undefined;
    try {
      handle = openSync(this.path, 'r');
      const { ino, size, mtimeNs } = fstatSync(handle, { bigint: true });
      const { stats } = this;
      if (ino !== stats.ino || size !== stats.size || mtimeNs !== stats.mtimeNs) {
        throw malformed(this.path, 'it has changed since it was opened');
      }
      use(handle);
    } catch (cause) {
      throw cause instanceof AttnError ? cause : fileError('safetensors/read', 'read', this.path, cause);
    } finally {
      if (handle !== undefined) closeSync(handle);
    }
  }
}

const CODES: Readonly<Record<string, AttnErrorCode>> = {
  ENOENT: 'FILE_NOT_FOUND',
  ENOTDIR: 'FILE_NOT_FOUND',
  EISDIR: 'INVALID_ARGUMENT',
  EACCES: 'INVALID_ARGUMENT',
  EPERM: 'INVALID_ARGUMENT',
  EROFS: 'INVALID_ARGUMENT',
  ENAMETOOLONG: 'INVALID_ARGUMENT',
};

function fileError(where: string, verb: string, path: string, cause: unknown): AttnError {
  const code = cause instanceof Error && 'code' in cause ? String(cause.code) : '';
  if (code === 'ENOENT' && verb === 'read') {
    return new AttnError('FILE_NOT_FOUND', where, `there is no file ${path}`, { cause });
  }
  if (code === 'ENOSPC' || code === 'EDQUOT') {
    return new AttnError('INTERNAL', where, `there is no space left to write ${path}`, { cause });
  }
  const reason = cause instanceof Error ? cause.message : String(cause);
  return new AttnError(CODES[code] ?? 'INTERNAL', where, `could not ${verb} ${path}: ${reason}`, { cause });
}
