/**
 * A file on a web server, read by range requests: the header first, then each tensor by
 * itself, so that a program can use a few tensors of a file of any size. Lengths that
 * the server announces are not trusted: memory grows only with the bytes that arrive.
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
import { malformed } from './header.ts';
import { politeFetch, type Fetch, type Patience } from './polite-fetch.ts';
import type { SafetensorsSource } from './read.ts';

/** Options of `httpSource`. */
export interface HttpOptions extends Patience {
  /** Default: the global one. */
  readonly fetch?: Fetch;
  /** Sent with every request, for example `Authorization`. */
  readonly headers?: Readonly<Record<string, string>>;
}

const WHERE = 'safetensors/http';

const HTTP_OPTIONS: OptionKinds<HttpOptions> = {
  fetch: aFunction,
  headers: aRecord,
  signal: aSignal,
  attempts: integer(1),
  idleTimeout: integer(1),
};

/** First size of the memory for a range. It doubles as bytes arrive. */
const FIRST_BYTES = 16 * 2 ** 20;

/** `bytes 0-7/1234`. */
const CONTENT_RANGE = /^bytes (\d+)-(\d+)\/(\d+)$/;

/**
 * Asks the server for the size of a file and returns a source that
 * reads it. The ETag shows whether the file changes while it is read.
 *
 * Errors: `FILE_NOT_FOUND` (404, 410), `UNSUPPORTED` (a server without range
 * requests), `INVALID_ARGUMENT` (any other refusal), `MALFORMED_FILE` (answers that
 * contradict each other), `TIMEOUT` (no answer after all attempts), `ABORTED`.
 *
 * @example
 * const file = await openSafetensors(await httpSource('https://example.org/model.safetensors'));
 */
export async function httpSource(url: string, options: HttpOptions = {}): Promise<SafetensorsSource> {
  checkArgument(WHERE, 'url', url, aString);
  const http = checkOptions(WHERE, options, HTTP_OPTIONS);
  const first = await request(url, 0, 1, http);
  await first.body?.cancel();
  const { size } = rangeOf(url, first, 0);
  const etag = first.headers.get('ETag');
  return {
    size,
    name: url,
    read: async (offset, length) => {
      if (length === 0) return new Uint8Array(0);
      return untilWhole(http, url, async () => {
        const response = await request(url, offset, length, http);
        const range = rangeOf(url, response, offset);
        const changed = range.size !== size || response.headers.get('ETag') !== etag;
        if (changed) throw malformed(url, 'the file has changed while it was read');
        if (range.length !== length) {
          throw malformed(
            url,
            `expected ${length} bytes from ${offset}, but the server announces ${range.length}`,
          );
        }
        return readBody(url, response, length);
      });
    },
  };
}

/** Sends one range request. Any other answer than a range is an error. */
async function request(url: string, offset: number, length: number, options: HttpOptions): Promise<Response> {
  const { fetch = globalThis.fetch, headers } = options;
  const init = { headers: { ...headers, Range: `bytes=${offset}-${offset + length - 1}` } };
  const response = await politeFetch(WHERE, fetch, options)(url, init);
  if (response.status === 206) return response;
  await response.body?.cancel();
  const { status } = response;
  if (status === 200) {
    const message = `${url} cannot be read in parts: its server does not answer range requests (status 200, not 206)`;
    throw new AttnError('UNSUPPORTED', WHERE, message);
  }
  if (status === 404 || status === 410) {
    throw new AttnError('FILE_NOT_FOUND', WHERE, `there is no file ${url} (status ${status})`);
  }
  if (status === 429 || status >= 500)
    throw new AttnError('TIMEOUT', WHERE, `${url} could not be read: status ${status}`);
  if (status === 416) throw malformed(url, `there is nothing at byte ${offset} (status 416)`);
  throw new AttnError('INVALID_ARGUMENT', WHERE, `${url} was refused with status ${status}`);
}

/** Length of an answer's range, and size of the file, from the Content-Range header. */
function rangeOf(
  url: string,
  response: Response,
  offset: number,
): { readonly length: number; readonly size: number } {
  const text = response.headers.get('Content-Range') ?? '';
  const [from, to, size] = (CONTENT_RANGE.exec(text) ?? []).slice(1).map(Number);
  if (from === offset && to >= from && to < size && Number.isSafeInteger(size))
    return { length: to - from + 1, size };
  throw malformed(
    url,
    `expected a Content-Range from byte ${offset}, got ${JSON.stringify(text.slice(0, 80))}`,
  );
}

/** Reads exactly `length` bytes of a body. */
async function readBody(url: string, { body }: Response, length: number): Promise<Uint8Array> {
  let bytes = new Uint8Array(Math.min(length, FIRST_BYTES));
  let done = 0;
  const reader = body?.getReader();
  for (;;) {
    const chunk = await reader?.read();
    if (chunk === undefined || chunk.done) break;
    const end = done + chunk.value.length;
    if (end > length) {
      await reader?.cancel();
      throw malformed(url, `expected ${length} bytes, but the server sends more`);
    }
    if (end > bytes.length) {
      const bigger = new Uint8Array(Math.min(length, Math.max(2 * bytes.length, end)));
      bigger.set(bytes.subarray(0, done));
      bytes = bigger;
    }
    bytes.set(chunk.value, done);
    done = end;
  }
  if (done < length) throw new CutOff(url, length, done);
  return bytes;
}

/** The error of a connection that ended early; it is worth another attempt. */
class CutOff extends Error {
  constructor(url: string, expected: number, got: number) {
    super(`${url} ended after ${got} of ${expected} bytes`);
  }
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
