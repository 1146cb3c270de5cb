/** Receives the bytes of a file of the hub. A broken connection is opened again, from where it broke. */
import { AttnError } from '@attn/core';
import { throwIfAborted } from '@attn/core/backend';
import { pause } from '@attn/safetensors';
import type { HubClient } from './client.ts';
import type { RecordedFile } from './copies.ts';
import { WHERE } from './names.ts';

/** A file to download. */
export interface Download {
  readonly client: HubClient;
  /** The id of the model. */
  readonly id: string;
  readonly file: RecordedFile;
  /** Connections in a row that may break. */
  readonly attempts: number;
  readonly signal: AbortSignal;
  /** Called with the number of bytes that have arrived. */
  readonly onBytes: (done: number) => void;
}

/** Bytes from a place of a file on. */
export interface Piece {
  /** The place of the first byte in the file. It may lie before bytes that are already here. */
  readonly start: number;
  readonly body: ReadableStream<Uint8Array>;
}

/** Where the bytes of a file are collected. */
export interface Sink {
  /** How many bytes are here, from the start of the file on. */
  length(): Promise<number>;
  /** Forgets them. */
  clear(): Promise<void>;
  /**
   * Takes in a piece, and returns the place after its last byte. It stops where the file must end: then that
   * place is behind the end.
   */
  append(piece: Piece): Promise<number>;
}

/** Bytes that a connection must bring, so that its break is not counted with those before. */
const PROGRESS = 2 ** 20;

/** Milliseconds before the second connection; each later one waits twice as long. */
const PAUSE_MS = 250;

/**
 * Receives what is missing of a file. Returns what is wrong with a file that has too many bytes.
 *
 * Errors: `TIMEOUT` (too many broken connections), `FILE_NOT_FOUND`, `ABORTED`, and those of the sink.
 */
export async function receiveAll(download: Download, sink: Sink): Promise<string | undefined> {
  const { file, attempts, signal } = download;
  for (let failures = 0; ;) {
    throwIfAborted(signal, WHERE);
    const done = await sink.length();
    if (done === file.size && done > 0) return undefined;
    if (done > file.size) return `must have ${file.size} bytes, got ${done}`;
    let reason: string;
    let arrived = 0;
    try {
      const answer = await connect(download, done);
      if (answer === undefined) {
        reason = `the hub has no bytes from ${done}`;
        await sink.clear();
      } else {
        arrived = (await sink.append(answer)) - done;
        if (done + arrived > file.size) return `must have ${file.size} bytes, but more were sent`;
        if (done + arrived === file.size) return undefined;
        reason = `the connection ended after ${done + arrived} of ${file.size} bytes`;
      }
    } catch (error) {
      throwIfAborted(signal, WHERE);
      if (error instanceof AttnError) throw error;
      reason = error instanceof Error ? error.message : String(error);
      arrived = (await sink.length()) - done;
    }
    failures = arrived >= PROGRESS ? 1 : failures + 1;
    if (failures >= attempts) throw brokenError(download, reason);
    await pause(PAUSE_MS * 2 ** (failures - 1), signal);
  }
}

/** Asks for the bytes from `done` on; undefined when there are none. */
async function connect({ client, id, file }: Download, done: number): Promise<Piece | undefined> {
  const headers: Record<string, string> = { ...client.headers, 'Accept-Encoding': 'identity' };
  if (done > 0) headers.Range = `bytes=${done}-`;
  const response = await client.fetch(client.url(id, file.commit, file.path), { headers });
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
  throw client.refusal(response, id, file.path);
}

function brokenError({ id, file, attempts }: Download, reason: string): AttnError {
  const times = attempts === 1 ? '' : ` in ${attempts} attempts`;
  const message = `${file.path} of ${id} could not be downloaded${times}: ${reason}; the next try goes on from there`;
  return new AttnError('TIMEOUT', WHERE, message);
}
