/** Calls listeners of events, such as those of `attn.on`: they belong to no call that could reject. */

import { clock } from './clock.ts';

/** A global function of browsers, Deno and Bun. */
interface ErrorReporter {
  readonly reportError?: (error: unknown) => void;
}

/**
 * Calls a listener. Its errors do not reach the caller: as with `EventTarget`, they become uncaught errors of
 * the host, which pages report to `window.onerror` and Node.js to `uncaughtException`.
 */
export function notify<T>(listener: (detail: T) => void, detail: T): void {
  try {
    listener(detail);
  } catch (error) {
    const { reportError = rethrowLater } = globalThis as ErrorReporter;
    reportError(error);
  }
}

function rethrowLater(error: unknown): void {
  clock.setTimeout(() => {
    throw error;
  }, 0);
}
