/**
 * Files on disk, for Node. Reading holds one tensor at a time; writing goes to a temporary file beside the target that
 * takes its name only when all of it is on disk, so that whoever looks at the target finds a whole file or none.
 */
import { randomUUID } from 'node:crypto';
import { closeSync, fstatSync, openSync, readSync, type BigIntStats } from 'node:fs';
import { lstat, open, realpath, rename, rm, type FileHandle } from 'node:fs/promises';
import { basename, dirname } from 'node:path';
import { AttnError, type AttnErrorCode, type DType, type Tensor } from '@attn/core';
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
  type OptionKinds,
} from '@attn/core/backend';
import { decodeTensor, DTYPE_IN_FILE } from './dtypes.ts';
import { malformed } from './header.ts';
import { openSafetensors, type SafetensorsFile } from './read.ts';
import { safetensorsParts, type Metadata, type NamedTensors } from './write.ts';

/** One system call moves at most this many bytes: less than any platform's limit, and a chance to notice an abort. */
const CHUNK_BYTES = 64 * 2 ** 20;

/** An open file on disk. */
export interface SafetensorsDiskFile extends SafetensorsFile {
  /**
   * A tensor that is not read now, but each time when its data is asked for and nobody holds it any more; closing this file does not
   * matter to it. Asking for its data throws `MALFORMED_FILE` once the file has changed. Errors: `MISSING_INPUT`.
   */
  lazyTensor(name: string): Tensor;
  /** Closes the file. Idempotent. Tensors that were read stay valid. */
  close(): Promise<void>;
}

/** Options of `writeSafetensorsFile`. */
export interface WriteOptions {
  readonly metadata?: Metadata;
  /** Stops writing; the target is left as it was. */
  readonly signal?: AbortSignal;
}

const aPath: Kind = {
  expected: 'the path of a file',
  test: (value) => typeof value === 'string' && value !== '',
};

const WRITE_OPTIONS: OptionKinds<WriteOptions> = { metadata: anObject, signal: aSignal };

/**
 * Opens a file on disk; see `openSafetensors`.
 * @throws AttnError `FILE_NOT_FOUND`, `MALFORMED_FILE`, `INVALID_ARGUMENT` (no permission, a folder)
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
    const read = (offset: number, length: number) => readRange(handle, path, offset, length);
    const file = await openSafetensors({ size: Number(stats.size), name: path, read });
    const seen = new SeenFile(await realpath(path), stats);
    return {
      ...file,
      lazyTensor: (name) => seen.lazyTensor(file, name),
      close: () => handle.close(),
    };
  } catch (error) {
    await handle.close();
    throw error;
  }
}

/**
 * Writes a file. On failure or abort the target is what it was before, and nothing else is left behind.
 * @throws AttnError `INVALID_ARGUMENT`, `FILE_NOT_FOUND` (no such folder), `ABORTED`, `INTERNAL` (disk full, …)
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

/** Where to write: through a symbolic link; never in place of a folder or a device. */
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

/** A file that must be the one that was opened whenever it is read again. */
class SeenFile {
  private readonly path: string;
  private readonly stats: BigIntStats;

  constructor(path: string, stats: BigIntStats) {
    this.path = path;
    this.stats = stats;
  }

  /** Its tensor, read when asked for. */
  lazyTensor(file: SafetensorsFile, name: string): Tensor {
    const { fileDtype, dtype, shape, byteOffset, byteLength } = file.spec(name);
    const read = () => decodeTensor(fileDtype, shape, this.read(byteOffset, byteLength), name).data;
    const folder = dirname(this.path);
    const span: FileSpan = { folder, name: basename(this.path), byteOffset, byteLength, verify: this.verify };
    return lazyTensor<DType>({ dtype, shape }, read, DTYPE_IN_FILE[dtype] === fileDtype ? span : undefined);
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
