/**
 * Downloads one file from the hub into the cache folder. A broken download is resumed, also by a later call
 * or another process; the file gets its name only when it is whole and its hash is right.
 */
import { createHash } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { constants, mkdir, open, rename, rm, type FileHandle } from 'node:fs/promises';
import { dirname } from 'node:path';
import { throwIfAborted } from '@attn/core/backend';
import { malformed, WHERE } from '../names.ts';
import { receiveAll, type Download, type Piece, type Sink } from '../receive.ts';
import { onDisk } from './cache-error.ts';
import { sizeOf, type ModelCache } from './model-cache.ts';

/**
 * Downloads a file into the cache. Bytes that are already there are not asked for again. A file with another
 * hash than the hub promised is downloaded a second time.
 *
 * Errors: `MALFORMED_FILE` (not the bytes that the hub promised), `TIMEOUT` (too many broken connections),
 * `INVALID_ARGUMENT` (the cache folder), `FILE_NOT_FOUND`, `ABORTED`.
 */
export async function downloadFile(cache: ModelCache, download: Download): Promise<void> {
  const { file, signal } = download;
  const [target, incomplete] = [cache.blob(file.hash), cache.incomplete(file.hash)];
  await onDisk(cache.root, () => mkdir(dirname(target), { recursive: true }));
  const sink = new IncompleteFile(cache, download);
  try {
    for (let isAgain = false; ; isAgain = true) {
      const fault = (await receiveAll(download, sink)) ?? (await hashFault(cache, download));
      if (fault === undefined) return await onDisk(cache.root, () => rename(incomplete, target));
      await sink.clear();
      if (isAgain) throw malformed(`${file.path} of ${cache.id} ${fault}, twice; it was deleted`);
    }
  } catch (error) {
    throwIfAborted(signal, WHERE);
    // A process that slept for long finds that another took its lock and finished.
    if ((await sizeOf(target)) !== file.size) throw error;
  }
}

/** The file in which bytes are collected. */
class IncompleteFile implements Sink {
  private readonly cache: ModelCache;
  private readonly download: Download;
  private readonly path: string;

  constructor(cache: ModelCache, download: Download) {
    this.cache = cache;
    this.download = download;
    this.path = cache.incomplete(download.file.hash);
  }

  async length(): Promise<number> {
    return (await sizeOf(this.path)) ?? 0;
  }

  async clear(): Promise<void> {
    await onDisk(this.cache.root, () => rm(this.path, { force: true }));
  }

  async append({ start, body }: Piece): Promise<number> {
    const write = <T>(action: () => Promise<T>): Promise<T> => onDisk(this.cache.root, action);
    const { file, onBytes } = this.download;
    let handle: FileHandle | undefined;
    let end = start;
    try {
      // Not O_APPEND: should two processes write at once, they write the same bytes to the same places.
      handle = await write(() => open(this.path, constants.O_WRONLY | constants.O_CREAT, 0o666));
      const out = handle;
      for await (const chunk of body) {
        // A server that sends too much sends another file.
        if (end + chunk.length > file.size) return end + chunk.length;
        await write(() => writeAll(out, chunk, end));
        end += chunk.length;
        onBytes(end);
      }
      await write(() => out.sync());
      return end;
    } finally {
      await handle?.close();
    }
  }
}

async function writeAll(handle: FileHandle, chunk: Uint8Array, position: number): Promise<void> {
  for (let at = 0; at < chunk.length;) {
    at += (await handle.write(chunk, at, chunk.length - at, position + at)).bytesWritten;
  }
}

/** What is wrong with the hash of the bytes that have arrived, if anything. */
async function hashFault(cache: ModelCache, { file, signal }: Download): Promise<string | undefined> {
  const { size, hash } = file;
  const isSha256 = hash.length === 64;
  const sum = isSha256 ? createHash('sha256') : createHash('sha1').update(`blob ${size}\0`);
  await onDisk(cache.root, async () => {
    for await (const chunk of createReadStream(cache.incomplete(hash), { signal })) sum.update(chunk);
  });
  const digest = sum.digest('hex');
  return digest === hash ? undefined : `must have the hash ${hash}, got ${digest}`;
}
