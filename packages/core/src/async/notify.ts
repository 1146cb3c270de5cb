/**
 * Calling listeners of events, such as those of `attn.on`, which belong to no call that could end with their
 * mistakes.
 */

import { clock } from './clock.ts';

/** In browsers, Deno and Bun. */
interface Host {
  readonly reportError?: (error: unknown) => void;
}

/**
 * Calls a listener. What it throws does not reach the caller: as with `EventTarget`, it becomes an uncaught
 * error of the host, which pages report to `window.onerror` and Node.js to `uncaughtException`.
 */
export function notify<T>(listener: (detail: T) => void, detail: T): void {
  try {
    listener(detail);
  } catch (error) {
    const { reportError = rethrowLater } = globalThis as Host;
    reportError(error);
  }
}

function rethrowLater(error: unknown): void {
  clock.setTimeout(() => {
    throw error;
  }, 0);
}
