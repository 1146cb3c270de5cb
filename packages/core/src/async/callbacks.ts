/**
 * Callbacks that belong to a call, such as `onProgress`. What one throws ends the call: the work stops as
 * after an abort, and the call's promise rejects with the very error. Listeners of events belong to no call;
 * `notify` is for them.
 */
import { aSignal } from '../check/kinds.ts';
import { notify } from './notify.ts';

/** What callers pass; only those that are there are wrapped. */
type Callbacks = Readonly<Record<string, ((detail: never) => unknown) | undefined>>;

/**
 * Does the work of one call. `work` gets callbacks that never throw, and a signal that fires when the
 * caller's does or when a callback has thrown or its promise has rejected. The result is that of `work`, or
 * the first error of a callback instead.
 *
 * @example
 * return withCallbacks({ onProgress }, signal, ({ onProgress }, signal) => run(inputs, { onProgress, signal
 * }));
 */
export async function withCallbacks<C extends Callbacks, R>(
  callbacks: C,
  signal: AbortSignal | undefined,
  work: (callbacks: C, signal: AbortSignal | undefined) => Promise<R>,
): Promise<R> {
  const isNeeded = Object.values(callbacks).some((callback) => typeof callback === 'function');
  // What is no signal is left to `work`, which refuses it.
  if (!isNeeded || (signal !== undefined && !aSignal.test(signal))) return work(callbacks, signal);
  const call = new GuardedCall();
  const forward = (): void => call.stop(signal?.reason);
  if (signal?.aborted) forward();
  signal?.addEventListener('abort', forward, { once: true });
  try {
    const result = await work(guarded(callbacks, call), call.signal).catch((error: unknown) => {
      call.rethrow();
      throw error;
    });
    call.rethrow();
    return result;
  } finally {
    call.isOver = true;
    signal?.removeEventListener('abort', forward);
  }
}

class GuardedCall {
  isOver = false;
  private readonly controller = new AbortController();
  private thrown: { readonly error: unknown } | undefined;

  get signal(): AbortSignal {
    return this.controller.signal;
  }

  stop(reason: unknown): void {
    this.controller.abort(reason);
  }

  /**
   * Calls a callback, unless an earlier one has failed. One that answers with a promise fails when that
   * rejects.
   */
  tell(callback: (detail: never) => unknown, detail: never): void {
    if (this.thrown !== undefined) return;
    try {
      const answer = callback(detail);
      if (isThenable(answer)) answer.then(undefined, (error: unknown) => this.fail(error));
    } catch (error) {
      this.fail(error);
    }
  }

  rethrow(): void {
    if (this.thrown !== undefined) throw this.thrown.error;
  }

  private fail(error: unknown): void {
    // Nobody waits for the call any more: the host hears of it, so that the error is not lost.
    if (this.isOver) notify(() => throwIt(error), undefined);
    this.thrown ??= { error };
    this.stop(error);
  }
}

function guarded<C extends Callbacks>(callbacks: C, call: GuardedCall): C {
  const entries = Object.entries(callbacks).map(([name, callback]) => [
    name,
    // What is no function stays what it is, and is refused as that.
    typeof callback === 'function' ? (detail: never): void => call.tell(callback, detail) : callback,
  ]);
  return Object.fromEntries(entries) as C;
}

function isThenable(value: unknown): value is PromiseLike<unknown> {
  return typeof value === 'object' && value !== null && 'then' in value && typeof value.then === 'function';
}

function throwIt(error: unknown): never {
  throw error;
}
