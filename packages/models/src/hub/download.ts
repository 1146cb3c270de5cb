/**
 * Downloads one file from the hub into the cache. A broken download is resumed, also by a later call or
 * another process; the file gets its name only when it is whole and its hash is right.
 */
import { createHash } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { constants, mkdir, open, rename, rm, type FileHandle } from 'node:fs/promises';
import { dirname } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { AttnError } from '@attn/core';
import { throwIfAborted } from '@attn/core/backend';
import { onDisk } from './cache-error.ts';
import type { HubClient, HubFile } from './client.ts';
import { sizeOf, type ModelCache } from './model-cache.ts';
import { malformed, WHERE } from './names.ts';

/** A file to download. */
export interface Download {
  readonly client: HubClient;
  readonly cache: ModelCache;
  readonly commit: string;
  readonly file: HubFile;
  /** Connections in a row that may break. */
  readonly attempts: number;
  readonly signal: AbortSignal;
  /** Called with the number of bytes that have arrived. */
  readonly onBytes: (done: number) => void;
}

/** Bytes that a connection must bring, so that its break is not counted with those before. */
const PROGRESS = 2 ** 20;

/** Milliseconds before the second connection; each later one waits twice as long. */
const PAUSE_MS = 250;

/**
 * Downloads a file into the cache. Bytes that are already there are not asked for again. A file with another
 * hash than the hub promised is downloaded a second time.
 *
 * Errors: `MALFORMED_FILE` (not the bytes that the hub promised), `TIMEOUT` (too many broken connections),
 * `INVALID_ARGUMENT` (the cache folder), `FILE_NOT_FOUND`, `ABORTED`.
 */
export async function downloadFile(download: Download): Promise<void> {
  const { cache, file, signal } = download;
  const [target, incomplete] = [cache.blob(file.hash), cache.incomplete(file.hash)];
  await onDisk(cache.root, () => mkdir(dirname(target), { recursive: true }));
  try {
    for (let isAgain = false; ; isAgain = true) {
      const fault = (await receiveAll(download)) ?? (await hashFault(download));
      if (fault === undefined) return await onDisk(cache.root, () => rename(incomplete, target));
      await onDisk(cache.root, () => rm(incomplete, { force: true }));
      if (isAgain) throw malformed(`${file.path} of ${cache.id} ${fault}, twice; it was deleted`);
    }
  } catch (error) {
    throwIfAborted(signal, WHERE);
    // A process that slept for long finds that another took its lock and finished.
    if ((await sizeOf(target)) !== file.size) throw error;
  }
}

/** Receives what is missing. Returns what is wrong with a file that has too many bytes. */
async function receiveAll(download: Download): Promise<string | undefined> {
  const { cache, file, attempts, signal } = download;
  const incomplete = cache.incomplete(file.hash);
  for (let failures = 0; ;) {
    throwIfAborted(signal, WHERE);
    const done = (await sizeOf(incomplete)) ?? 0;
    if (done === file.size && done > 0) return undefined;
    if (done > file.size) return `must have ${file.size} bytes, got ${done}`;
    let reason: string;
    let arrived = 0;
    try {
      const answer = await connect(download, done);
      if (answer === undefined) {
        reason = `the hub has no bytes from ${done}`;
        await onDisk(cache.root, () => rm(incomplete, { force: true }));
      } else {
        arrived = (await append(download, answer)) - done;
        if (done + arrived > file.size) return `must have ${file.size} bytes, but more were sent`;
        if (done + arrived === file.size) return undefined;
        reason = `the connection ended after ${done + arrived} of ${file.size} bytes`;
      }
    } catch (error) {
      throwIfAborted(signal, WHERE);
      if (error instanceof AttnError) throw error;
      reason = error instanceof Error ? error.message : String(error);
      arrived = ((await sizeOf(incomplete)) ?? 0) - done;
    }
    failures = arrived >= PROGRESS ? 1 : failures + 1;
    if (failures >= attempts) throw brokenError(download, reason);
    await sleep(PAUSE_MS * 2 ** (failures - 1), undefined, { signal }).catch(() => {});
  }
}

/** An answer of the server. */
interface Answer {
  /** The place of its first byte in the file. */
  readonly start: number;
  readonly body: ReadableStream<Uint8Array>;
}

/** Asks for the bytes from `done` on; undefined when there are none. */
async function connect({ client, cache, commit, file }: Download, done: number): Promise<Answer | undefined> {
  const headers: Record<string, string> = { ...client.headers, 'Accept-Encoding': 'identity' };
  if (done > 0) headers.Range = `bytes=${done}-`;
  const response = await client.fetch(client.url(cache.id, commit, file.path), { headers });
  if (response.ok && response.body) {
    // A server that ignores ranges sends all from the start.
    if (response.status !== 206) return { start: 0, body: response.body };
    const [, first, total] =
      /^bytes (\d+)-\d+\/(\d+)$/.exec(response.headers.get('Content-Range') ?? '') ?? [];
    if (Number(first ?? done) <= done && Number(total ?? file.size) === file.size) {
      return { start: Number(first ?? done), body: response.body };
    }
    await response.body.cancel();
    throw new Error(`it answered with ${response.headers.get('Content-Range')} to bytes=${done}-`);
  }
  await response.body?.cancel();
  if (response.ok) return { start: 0, body: new Blob([]).stream() };
  if (response.status === 416 && done > 0) return undefined;
  // Addresses to which the hub redirects expire.
  const isElsewhere = response.redirected && new URL(response.url).origin !== new URL(client.hubUrl).origin;
  if (isElsewhere) throw new Error(`${new URL(response.url).host} answered with status ${response.status}`);
  throw client.refusal(response, cache.id, file.path);
}

/** Writes an answer to its place, and returns the place after its last byte. */
async function append({ cache, file, onBytes }: Download, { start, body }: Answer): Promise<number> {
  const write = <T>(action: () => Promise<T>): Promise<T> => onDisk(cache.root, action);
  const path = cache.incomplete(file.hash);
  let handle: FileHandle | undefined;
  let end = start;
  try {
    // Not O_APPEND: should two processes write at once, they write the same bytes to the same places.
    handle = await write(() => open(path, constants.O_WRONLY | constants.O_CREAT, 0o666));
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

async function writeAll(handle: FileHandle, chunk: Uint8Array, position: number): Promise<void> {
  for (let at = 0; at < chunk.length;) {
    at += (await handle.write(chunk, at, chunk.length - at, position + at)).bytesWritten;
  }
}

/** What is wrong with the hash of the bytes that have arrived, if anything. */
async function hashFault({ cache, file, signal }: Download): Promise<string | undefined> {
  const { size, hash } = file;
  const isSha256 = hash.length === 64;
  const sum = isSha256 ? createHash('sha256') : createHash('sha1').update(`blob ${size}\0`);
  await onDisk(cache.root, async () => {
    for await (const chunk of createReadStream(cache.incomplete(hash), { signal })) sum.update(chunk);
  });
  const digest = sum.digest('hex');
  return digest === hash ? undefined : `must have the hash ${hash}, got ${digest}`;
}

function brokenError({ cache, file, attempts }: Download, reason: string): AttnError {
  const times = attempts === 1 ? '' : ` in ${attempts} attempts`;
  const message = `${file.path} of ${cache.id} could not be downloaded${times}: ${reason}; the next try goes on from there`;
  return new AttnError('TIMEOUT', WHERE, message);
}
