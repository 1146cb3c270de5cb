/**
 * A file on disk that is read in parts, also later and in one go, as long as it stays the file that was
 * opened.
 */
import { closeSync, fstatSync, openSync, readSync, type BigIntStats } from 'node:fs';
import { open, realpath, type FileHandle } from 'node:fs/promises';
import { basename, dirname } from 'node:path';
import { AttnError, type AttnErrorCode } from '@attn/core';
import { allocate, checkArgument, type FileSpan, type Kind, type WithAsyncDispose } from '@attn/core/backend';
import type { SafetensorsSource } from './read.ts';

/**
 * Most bytes that one system call moves: less than any platform's
 * limit, and few enough to notice an abort soon.
 */
export const CHUNK_BYTES: number = 64 * 2 ** 20;

/** The path of a file. */
export const aPath: Kind = {
  expected: 'the path of a file',
  test: (value) => typeof value === 'string' && value !== '',
};

/** An open file on disk: a source of `openSafetensors` and `openTorch`. */
export class DiskFile implements SafetensorsSource, WithAsyncDispose {
  readonly name: string;
  readonly size: number;
  private readonly handle: FileHandle;
  private readonly realPath: string;
  private readonly stats: BigIntStats;
  private readonly where: string;

  private constructor(name: string, handle: FileHandle, realPath: string, stats: BigIntStats, where: string) {
    this.name = name;
    this.size = Number(stats.size);
    this.handle = handle;
    this.realPath = realPath;
    this.stats = stats;
    this.where = where;
  }

  /**
   * Opens a file. Errors: `FILE_NOT_FOUND`, `INVALID_ARGUMENT` (no permission, a folder).
   *
   * @param where the package and the action, for errors
   *
   * @example
   * await using file = await DiskFile.open('model.safetensors', 'safetensors/read');
   */
  static async open(path: string, where: string): Promise<DiskFile> {
    checkArgument(where, 'path', path, aPath);
    const handle = await open(path, 'r').catch((cause: unknown) => {
      throw fileError(where, 'read', path, cause);
    });
    try {
      const stats = await handle.stat({ bigint: true });
      if (!stats.isFile()) throw new AttnError('INVALID_ARGUMENT', where, `${path} is not a file`);
      return new DiskFile(path, handle, await realpath(path), stats, where);
    } catch (error) {
      await handle.close();
      throw error;
    }
  }

  /** The bytes from `offset`; fewer where the file ends. */
  async read(offset: number, length: number): Promise<Uint8Array> {
    const bytes = allocate('u8', length);
    let done = 0;
    try {
      while (done < length) {
        const count = Math.min(CHUNK_BYTES, length - done);
        const { bytesRead } = await this.handle.read(bytes, done, count, offset + done);
        if (bytesRead === 0) break;
        done += bytesRead;
      }
    } catch (cause) {
      throw fileError(this.where, 'read', this.name, cause);
    }
    return bytes.subarray(0, done);
  }

  /**
   * The bytes from `offset`, at once, also when the file has been disposed.
   * Errors: `MALFORMED_FILE` when the file on disk is another one now, or ends before.
   */
  readNow(offset: number, length: number): Uint8Array {
    const bytes = allocate('u8', length);
    this.openAgain((handle) => {
      for (let done = 0; done < length;) {
        const count = readSync(handle, bytes, done, Math.min(CHUNK_BYTES, length - done), offset + done);
        if (count === 0) throw this.damaged(`expected ${length} bytes at ${offset}, got ${done}`);
        done += count;
      }
    });
    return bytes;
  }

  /** Where these bytes are, for backends that map files into memory. */
  span(byteOffset: number, byteLength: number): FileSpan {
    const { realPath, verify } = this;
    return { folder: dirname(realPath), name: basename(realPath), byteOffset, byteLength, verify };
  }

  /** Closes the file. Idempotent. */
  dispose(): Promise<void> {
    return this.handle.close();
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.dispose();
  }

  private readonly verify = (): void => this.openAgain(() => {});

  private openAgain(use: (handle: number) => void): void {
    let handle: number | undefined;
    try {
      handle = openSync(this.realPath, 'r');
      const { ino, size, mtimeNs } = fstatSync(handle, { bigint: true });
      const { stats } = this;
      if (ino !== stats.ino || size !== stats.size || mtimeNs !== stats.mtimeNs)
        throw this.damaged('it has changed since it was opened');
      use(handle);
    } catch (cause) {
      throw cause instanceof AttnError ? cause : fileError(this.where, 'read', this.realPath, cause);
    } finally {
      if (handle !== undefined) closeSync(handle);
    }
  }

  private damaged(message: string): AttnError {
    return new AttnError('MALFORMED_FILE', this.where, `${this.realPath}: ${message}`);
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

/** The typed error of a system call. */
export function fileError(where: string, verb: string, path: string, cause: unknown): AttnError {
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
