/**
 * Requests that a busy server or a bad line does not end: they are sent again, after the time that the
 * server asks for, and a server that falls silent counts as a broken line.
 */
import { AttnError } from '@attn/core';
import { throwIfAborted } from '@attn/core/backend';

/** The part of `fetch` that is used. Pass your own for credentials, proxies or tests. */
export type Fetch = (url: string, init: RequestInit) => Promise<Response>;

/** How patient requests are. */
export interface Patience {
  /** Attempts of a request that fails because there is no network or the server is busy. Default 3. */
  readonly attempts?: number;
  /** Milliseconds without a byte after which a connection counts as broken. Default 30,000. */
  readonly idleTimeout?: number;
  /** Longest time that a server's Retry-After is waited for, in milliseconds. Default 60,000. */
  readonly longestPause?: number;
  /** Stops requests that are under way, and later ones. */
  readonly signal?: AbortSignal;
}

/** Milliseconds without a byte after which a connection counts as broken. */
export const IDLE_TIMEOUT = 30_000;

/** Milliseconds before the second attempt; each later one waits twice as long. */
const PAUSE_MS = 250;

/** Longest time that a server's Retry-After is waited for by default, in milliseconds. */
const LONGEST_PAUSE_MS = 60_000;

/**
 * Wraps a `fetch`, so that its requests are sent again when there is no network, and when the server
 * answers 429 or 5xx: after the time of its Retry-After header, at most a minute, or after a pause that
 * doubles. A connection without a byte for `idleTimeout` fails; so does the body of an answer, which the
 * caller may ask for again. The last answer is returned, whatever its status.
 *
 * Errors of a request: `TIMEOUT` after all attempts, `ABORTED`, and `AttnError`s of `fetch`.
 *
 * @param where the package and the action, for errors
 *
 * @example
 * const fetchAgain = politeFetch('my-app/load', fetch, { attempts: 5 });
 * const response = await fetchAgain('https://example.org/config.json', {});
 */
export function politeFetch(
  where: string,
  fetch: Fetch,
  { attempts = 3, idleTimeout = IDLE_TIMEOUT, longestPause = LONGEST_PAUSE_MS, signal }: Patience = {},
): Fetch {
  return async (url, init) => {
    let failure: unknown;
    for (let attempt = 1; ; attempt++) {
      throwIfAborted(signal, where);
      let wait = PAUSE_MS * 2 ** (attempt - 1);
      try {
        const response = await fetchOnce(fetch, url, init, idleTimeout, signal);
        if (attempt === attempts || !isBusy(response.status)) return response;
        wait = Math.min(retryAfter(response) ?? wait, longestPause);
        await response.body?.cancel();
      } catch (error) {
        throwIfAborted(signal, where);
        if (error instanceof AttnError) throw error;
        failure = error;
        if (attempt === attempts) break;
      }
      await pause(wait, signal);
    }
    const times = attempts === 1 ? '' : ` after ${attempts} attempts`;
    const message = `${url} could not be read${times}: ${reasonOf(failure)}`;
    throw new AttnError('TIMEOUT', where, message, { cause: failure });
  };
}

/** What an error of `fetch` says. Node says no more than "fetch failed", and why in its cause. */
function reasonOf(failure: unknown): string {
  if (!(failure instanceof Error)) return String(failure);
  const { message, cause } = failure;
  const { code, message: why = code } = Object(cause) as {
    readonly code?: string;
    readonly message?: string;
  };
  return why ? `${message}: ${why}` : message;
}

/** True for statuses that may pass in a moment. */
const isBusy = (status: number): boolean => status === 429 || status >= 500;

/** The milliseconds that a server asks to wait, in seconds or as a date; undefined where it does not say. */
function retryAfter({ headers }: Response): number | undefined {
  const text = headers?.get('Retry-After');
  if (!text) return undefined;
  const milliseconds = /^\d+$/.test(text) ? Number(text) * 1000 : Date.parse(text) - Date.now();
  return Number.isFinite(milliseconds) ? Math.max(milliseconds, 0) : undefined;
}

async function fetchOnce(
  fetch: Fetch,
  url: string,
  init: RequestInit,
  idleTimeout: number,
  signal: AbortSignal | undefined,
): Promise<Response> {
  const stop = new AbortController();
  const watch = new IdleWatch(idleTimeout, (error) => stop.abort(error));
  // A `fetch` of the caller may not listen.
  const onAbort = (): void => watch.end(signal?.reason);
  signal?.addEventListener('abort', onAbort, { once: true });
  const end = (): void => signal?.removeEventListener('abort', onAbort);
  try {
    const response = await watch.during(fetch(url, { ...init, signal: stop.signal }));
    if (!response.body) {
      end();
      return response;
    }
    return withBody(response, watchedBody(response.body, watch, end));
  } catch (error) {
    end();
    throw error;
  }
}

/** The answer with another body. `new Response` would forget where it came from. */
function withBody(response: Response, body: ReadableStream<Uint8Array<ArrayBuffer>>): Response {
  const { status, statusText, headers, url, redirected } = response;
  const copy = new Response(body, { status, statusText, headers });
  return Object.defineProperties(copy, { url: { value: url }, redirected: { value: redirected } });
}

function watchedBody(
  body: ReadableStream<Uint8Array<ArrayBuffer>>,
  watch: IdleWatch,
  end: () => void,
): ReadableStream<Uint8Array<ArrayBuffer>> {
  const reader = body.getReader();
  return new ReadableStream(
    {
      async pull(controller) {
        try {
          const { done, value } = await watch.during(reader.read());
          if (!done) return controller.enqueue(value);
          end();
          controller.close();
        } catch (error) {
          end();
          controller.error(error);
        }
      },
      async cancel(reason) {
        end();
        await reader.cancel(reason);
      },
    },
    { highWaterMark: 0 },
  );
}

/** Ends what is under way when nothing happens for a time. */
class IdleWatch {
  private readonly milliseconds: number;
  private readonly onEnd: (error: unknown) => void;
  private fail: (error: unknown) => void = () => {};
  private ended: { readonly error: unknown } | undefined;

  constructor(milliseconds: number, onEnd: (error: unknown) => void) {
    this.milliseconds = milliseconds;
    this.onEnd = onEnd;
  }

  /** Ends it now. */
  end(error: unknown): void {
    this.ended = { error };
    this.fail(error);
    this.onEnd(error);
  }

  /** The result of `work`, or an error if it takes too long. */
  async during<T>(work: Promise<T>): Promise<T> {
    // It may have ended between two works.
    if (this.ended !== undefined) throw this.ended.error;
    let timer: ReturnType<typeof setTimeout> | undefined;
    const idle = new Promise<never>((_, reject) => {
      this.fail = reject;
      timer = setTimeout(
        () => this.end(new Error(`nothing arrived for ${this.milliseconds / 1000} seconds`)),
        this.milliseconds,
      );
    });
    try {
      return await Promise.race([work, idle]);
    } finally {
      clearTimeout(timer);
    }
  }
}

/** Waits. An abort ends the wait at once, without an error. */
export function pause(milliseconds: number, signal: AbortSignal | undefined): Promise<void> {
  return new Promise((resolve) => {
    const end = (): void => {
      clearTimeout(timer);
      signal?.removeEventListener('abort', end);
      resolve();
    };
    const timer = setTimeout(end, milliseconds);
    signal?.addEventListener('abort', end, { once: true });
  });
}
