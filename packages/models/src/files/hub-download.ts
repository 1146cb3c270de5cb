/**
 * Downloads one file from the hub into the cache. A broken download is
 * resumed; the file gets its name only when it is whole and its hash is right.
 */
import { createHash, type Hash } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { mkdir, open, rename, rm, stat } from 'node:fs/promises';
import { dirname } from 'node:path';
import { AttnError } from '@attn/core';
import { throwIfAborted } from '@attn/core/backend';

/** The hub's description of a file. */
export interface HubFile {
  readonly path: string;
  readonly size: number;
  /** Its name in the cache: the SHA-256 of a large file, git's SHA-1 of a small one. */
  readonly hash: string;
}

/** Options of a download. */
export interface DownloadOptions {
  readonly signal?: AbortSignal;
  /** Called with the number of bytes that have arrived. */
  readonly onBytes?: (done: number) => void;
}

const WHERE = 'models/hub';

/** Attempts before the download fails. The bytes that have arrived are kept. */
const ATTEMPTS = 5;

/**
 * Downloads a file to `<target>.incomplete`, which becomes `target` when it is whole.
 *
 * Errors: `MALFORMED_FILE` (not the bytes that the hub promised),
 * `TIMEOUT` (too many broken connections), `ABORTED`.
 *
 * @param connect returns the content from an offset to the end
 */
export async function downloadTo(
  target: string,
  file: HubFile,
  connect: (offset: number) => Promise<ReadableStream<Uint8Array>>,
  { signal, onBytes }: DownloadOptions = {},
): Promise<void> {
  const incomplete = `${target}.incomplete`;
  await mkdir(dirname(target), { recursive: true });
  let reason = '';
  for (let attempt = 0; attempt < ATTEMPTS; attempt++) {
    throwIfAborted(signal, WHERE);
    let done = (await stat(incomplete).catch(() => undefined))?.size ?? 0;
    if (done > file.size) {
      await rm(incomplete, { force: true });
      done = 0;
    }
    try {
      if (done < file.size) done = await append(incomplete, file, done, await connect(done), onBytes);
    } catch (error) {
      throwIfAborted(signal, WHERE);
      if (error instanceof AttnError) throw error;
      reason = error instanceof Error ? error.message : String(error);
      continue;
    }
    reason = 'the connection ended early';
    if (done === file.size) return finish(incomplete, target, file);
  }
  throw new AttnError(
    'TIMEOUT',
    WHERE,
    `${file.path} could not be downloaded in ${ATTEMPTS} attempts: ${reason}`,
  );
}

/** Appends a stream to a file and returns the file's new length. */
async function append(
  path: string,
  file: HubFile,
  offset: number,
  stream: ReadableStream<Uint8Array>,
  onBytes: DownloadOptions['onBytes'],
): Promise<number> {
  const handle = await open(path, 'a');
  let done = offset;
  try {
    for await (const chunk of stream) {
      if (done + chunk.length > file.size) throw tooMuch(file);
      await handle.writeFile(chunk);
      done += chunk.length;
      onBytes?.(done);
    }
    await handle.sync();
  } catch (error) {
    // A server that sends too much has sent another file: nothing of it can be used.
    if (error instanceof AttnError) await rm(path, { force: true });
    throw error;
  } finally {
    await handle.close();
  }
  return done;
}

async function finish(incomplete: string, target: string, file: HubFile): Promise<void> {
  // An empty file has no bytes to append.
  await (await open(incomplete, 'a')).close();
  const hash = await hashOf(incomplete, file);
  if (hash !== file.hash) {
    await rm(incomplete, { force: true });
    throw new AttnError(
      'MALFORMED_FILE',
      WHERE,
      `${file.path} must have the hash ${file.hash}, got ${hash}; it was deleted`,
    );
  }
  await rename(incomplete, target);
}

async function hashOf(path: string, { size, hash }: HubFile): Promise<string> {
  const isSha256 = hash.length === 64;
  const sum: Hash = isSha256 ? createHash('sha256') : createHash('sha1').update(`blob ${size}\0`);
  for await (const chunk of createReadStream(path)) sum.update(chunk);
  return sum.digest('hex');
}

function tooMuch({ path, size }: HubFile): AttnError {
  return new AttnError('MALFORMED_FILE', WHERE, `${path} must have ${size} bytes, but more were sent`);
}
