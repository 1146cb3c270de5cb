/**
 * A file on a web server, read by range requests: the header first, then each tensor by itself, or with its
 * neighbours where a program says what it reads, so that it can use a few tensors of a file of any size.
 */
import { AttnError } from '@attn/core';
import {
  aFunction,
  aRecord,
  aSignal,
  aString,
  checkArgument,
  checkOptions,
  integer,
  throwIfAborted,
  type OptionKinds,
} from '@attn/core/backend';
import { readAtMost, readParts } from './body.ts';
import { malformed } from './header.ts';
import { politeFetch, type Fetch, type Patience } from './polite-fetch.ts';
import { ReadAhead, type FetchParts } from './read-ahead.ts';
import type { SafetensorsSource } from './read.ts';

/** Options of `httpSource`. */
export interface HttpOptions extends Patience {
  /** Default: the global one. */
  readonly fetch?: Fetch;
  /** Sent with every request, for example `Authorization`. */
  readonly headers?: Readonly<Record<string, string>>;
  /** Called when a large file is fetched whole, as its server sends no ranges. Default: `console.warn`. */
  readonly onWarning?: (message: string) => void;
}

const WHERE = 'safetensors/http';

const HTTP_OPTIONS: OptionKinds<HttpOptions> = {
  fetch: aFunction,
  headers: aRecord,
  signal: aSignal,
  attempts: integer(1),
  idleTimeout: integer(1),
  longestPause: integer(0),
  onWarning: aFunction,
};

/** A file of this many bytes is large. */
const LARGE_BYTES = 16 * 2 ** 20;

/** Requests of one range that may meet a copy of the file with another ETag. */
const MOST_COPIES = 8;

/** `bytes 0-7/1234`. */
const CONTENT_RANGE = /^bytes (\d+)-(\d+)\/(\d+)$/;

/**
 * Asks the server for the size of a file and returns a source that reads it by range requests. A server
 * without ranges sends the whole file, once. ETag and Last-Modified show whether the file changes while it is
 * read. On a page the server of another origin must allow requests (CORS); it need not expose any header.
 *
 * Errors: `FILE_NOT_FOUND` (403, 404, 410), `INVALID_ARGUMENT` (any other refusal), `MALFORMED_FILE` (answers
 * that contradict each other), `TIMEOUT` (no answer after all attempts), `ABORTED`.
 *
 * @example
 * const file = await openSafetensors(await httpSource('https://example.org/model.safetensors'));
 */
export async function httpSource(url: string, options: HttpOptions = {}): Promise<SafetensorsSource> {
  checkArgument(WHERE, 'url', url, aString);
  const http = checkOptions(WHERE, options, HTTP_OPTIONS);
  const first = await request(url, http, rangeHeader(0, 1));
  if (first.status !== 206) return wholeSource(url, http, first);
  await first.body?.cancel();
  const range = rangeOf(url, first, 0);
  if (range !== undefined) return rangeSource(url, http, { response: first, size: range.size });
  // Content-Range is hidden from pages of other origins, unless the server exposes it; Content-Length is not.
  const whole = await request(url, http);
  const length = whole.headers.get('Content-Length');
  const size = whole.headers.has('Content-Encoding') || length === null ? NaN : Number(length);
  if (!Number.isSafeInteger(size)) return wholeSource(url, http, whole);
  await whole.body?.cancel();
  return rangeSource(url, http, { response: first, size });
}

/**
 * All bytes of a small file. Errors: those of `httpSource`; `MALFORMED_FILE` for more than `limit` bytes.
 *
 * @example
 * const bytes = await httpBytes('https://example.org/config.json', 16 * 2 ** 20);
 */
export async function httpBytes(url: string, limit: number, options: HttpOptions = {}): Promise<Uint8Array> {
  checkArgument(WHERE, 'url', url, aString);
  checkArgument(WHERE, 'limit', limit, integer(0));
  const http = checkOptions(WHERE, options, HTTP_OPTIONS);
  return untilWhole(http, url, async () => {
    const response = await request(url, http);
    const bytes = await readAtMost(response, limit);
    if (bytes !== undefined) return bytes;
    throw malformed(url, `expected at most ${limit} bytes`);
  });
}

/** What the first answer said. */
interface FirstAnswer {
  readonly response: Response;
  readonly size: number;
}

/** A file on a server that sends ranges. */
function rangeSource(url: string, http: HttpOptions, first: FirstAnswer): SafetensorsSource {
  const plans = new Set<ReadAhead>();
  const fetchParts: FetchParts = async (start, lengths, signal, onPart) => {
    let [offset, done] = [start, 0];
    await untilWhole({ ...http, signal }, url, async () => {
      const rest = lengths.slice(done);
      const length = rest.reduce((sum, part) => sum + part, 0);
      const answer = await requestRange(url, { ...http, signal }, first, offset, length);
      await readParts(url, answer, rest, (bytes) => {
        onPart(done, bytes);
        offset += bytes.length;
        done += 1;
      });
    });
  };
  return {
    size: first.size,
    name: url,
    read: async (offset, length) => {
      let whole: Uint8Array = new Uint8Array(0);
      if (length === 0) return whole;
      for (const plan of plans) {
        const bytes = plan.read(offset, length);
        if (bytes !== undefined) return bytes;
      }
      await fetchParts(offset, [length], http.signal, (_, bytes) => (whole = bytes));
      return whole;
    },
    readAhead(ranges) {
      const plan = new ReadAhead(ranges, fetchParts, http.signal);
      plans.add(plan);
      return () => {
        plans.delete(plan);
        plan.end();
      };
    },
  };
}

/** The answer with a range. Errors: `MALFORMED_FILE` for another range, and for one of another file. */
async function requestRange(
  url: string,
  http: HttpOptions,
  { response, size }: FirstAnswer,
  offset: number,
  length: number,
): Promise<Response> {
  for (let copy = 1; ; copy++) {
    const answer = await request(url, http, rangeHeader(offset, length));
    if (answer.status !== 206) {
      await answer.body?.cancel();
      throw malformed(url, `expected a range (status 206), as before, got status ${answer.status}`);
    }
    const range = rangeOf(url, answer, offset) ?? { length, size };
    if (range.size === size && isSameFile(response, answer)) {
      if (range.length === length) return answer;
      await answer.body?.cancel();
      const message = `expected ${length} bytes from ${offset}, but the server announces ${range.length}`;
      throw malformed(url, message);
    }
    await answer.body?.cancel();
    // Several servers may hold copies whose ETags differ: the first one's is waited for.
    if (range.size === size && copy < MOST_COPIES) continue;
    const [before, now] = [response, answer].map(({ headers }) => headers.get('ETag') ?? 'absent');
    const message = `the file has changed while it was read: its ETag was ${before}, and is ${now}`;
    throw malformed(url, range.size === size ? message : `${message}; it had ${size} bytes`);
  }
}

/** A file that has to be fetched as a whole. Browsers keep a large one on disk. */
async function wholeSource(url: string, http: HttpOptions, first: Response): Promise<SafetensorsSource> {
  let response: Response | undefined = first;
  const file = await untilWhole(http, url, async () => {
    const answer = response ?? (await request(url, http));
    response = undefined;
    return answer.blob();
  });
  if (file.size >= LARGE_BYTES) {
    const { onWarning = console.warn } = http;
    const message = `${url} was fetched as a whole, ${file.size} bytes, as its server does not send ranges`;
    onWarning(`[attn/safetensors] ${message}`);
  }
  return {
    size: file.size,
    name: url,
    read: async (offset, length) => new Uint8Array(await file.slice(offset, offset + length).arrayBuffer()),
  };
}

function rangeHeader(offset: number, length: number): Readonly<Record<string, string>> {
  return { Range: `bytes=${offset}-${offset + length - 1}` };
}

/** Sends one request. Any status but 200, and 206 for a range, is an error. */
async function request(
  url: string,
  options: HttpOptions,
  range?: Readonly<Record<string, string>>,
): Promise<Response> {
  const { fetch = globalThis.fetch, headers } = options;
  const response = await politeFetch(WHERE, fetch, options)(url, { headers: { ...headers, ...range } });
  const { status } = response;
  if (status === 200 || (status === 206 && range !== undefined)) return response;
  await response.body?.cancel();
  // Stores of files answer 403 where a file is missing and the folder is not listed.
  if (status === 403 || status === 404 || status === 410)
    throw new AttnError('FILE_NOT_FOUND', WHERE, `there is no public file ${url} (status ${status})`);
  if (status === 429 || status >= 500)
    throw new AttnError('TIMEOUT', WHERE, `${url} could not be read: status ${status}`);
  if (status === 416) throw malformed(url, `there is nothing at ${range?.Range} (status 416)`);
  throw new AttnError('INVALID_ARGUMENT', WHERE, `${url} was refused with status ${status}`);
}

/** Length of an answer's range, and size of the file; undefined where the header is absent or hidden. */
function rangeOf(
  url: string,
  response: Response,
  offset: number,
): { readonly length: number; readonly size: number } | undefined {
  const text = response.headers.get('Content-Range');
  if (text === null) return undefined;
  const [from, to, size] = (CONTENT_RANGE.exec(text) ?? []).slice(1).map(Number);
  if (from === offset && to >= from && to < size && Number.isSafeInteger(size))
    return { length: to - from + 1, size };
  throw malformed(
    url,
    `expected a Content-Range from byte ${offset}, got ${JSON.stringify(text.slice(0, 80))}`,
  );
}

/** Whether two answers are of one file, as far as headers tell. */
function isSameFile(first: Response, later: Response): boolean {
  const [a, b] = [first.headers, later.headers];
  if (a.get('ETag') === b.get('ETag')) return true;
  const date = a.get('Last-Modified');
  return date !== null && date === b.get('Last-Modified');
}

/** Asks again for a range whose bytes stop before its end. An `AttnError` is final. */
async function untilWhole<T>(
  { attempts = 3, signal }: HttpOptions,
  url: string,
  read: () => Promise<T>,
): Promise<T> {
  for (let attempt = 1; ; attempt++) {
    try {
      return await read();
    } catch (error) {
      throwIfAborted(signal, WHERE);
      if (error instanceof AttnError) throw error;
      if (attempt < attempts) continue;
      const reason = error instanceof Error ? error.message : String(error);
      throw new AttnError(
        'TIMEOUT',
        WHERE,
        `${url} could not be read after ${attempts} attempts: ${reason}`,
        { cause: error },
      );
    }
  }
}
