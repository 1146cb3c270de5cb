/**
 * Callbacks that belong to a call, such as `onProgress`. An error in a callback ends the call: the work stops
 * as if aborted, and the call's promise rejects with that error. Listeners of events belong to no call;
 * `notify` calls them.
 */
import { aSignal } from '../check/kinds.ts';
import { notify } from './notify.ts';

/** Callbacks as callers pass them; absent ones are undefined. */
type Callbacks = Readonly<Record<string, ((detail: never) => unknown) | undefined>>;

/**
 * Does the work of a call that has callbacks. `work` gets callbacks that never throw, and a signal that is
 * aborted with the caller's, or when a callback throws or its promise rejects. Returns the result of `work`;
 * rejects with the first error of a callback, if there is one.
 *
 * @example
 * return withCallbacks({ onProgress }, signal, (guarded, stop) => run(inputs, { ...guarded, signal: stop }));
 */
export async function withCallbacks<C extends Callbacks, R>(
  callbacks: C,
  signal: AbortSignal | undefined,
  work: (callbacks: C, signal: AbortSignal | undefined) => Promise<R>,
): Promise<R> {
  const isNeeded = Object.values(callbacks).some((callback) => typeof callback === 'function');
  // `work` refuses a signal that is none.
  if (!isNeeded || (signal !== undefined && !aSignal.test(signal))) return work(callbacks, signal);
  const guard = new CallbackGuard();
  const forward = (): void => guard.stop(signal?.reason);
  if (signal?.aborted) forward();
  signal?.addEventListener('abort', forward, { once: true });
  try {
    const result = await work(guarded(callbacks, guard), guard.signal).catch((error: unknown) => {
      guard.rethrow();
      throw error;
    });
    guard.rethrow();
    return result;
  } finally {
    guard.isOver = true;
    signal?.removeEventListener('abort', forward);
  }
}

/** Calls the callbacks of a call, and remembers the first error. */
class CallbackGuard {
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
   * Calls a callback, unless an earlier one has failed. A callback that returns a promise fails when the
   * promise rejects.
   */
  call(callback: (detail: never) => unknown, detail: never): void {
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
    // The call has ended: the host reports the error, so that it is not lost.
    if (this.isOver) notify(() => throwIt(error), undefined);
    this.thrown ??= { error };
    this.stop(error);
  }
}

function guarded<C extends Callbacks>(callbacks: C, guard: CallbackGuard): C {
  const entries = Object.entries(callbacks).map(([name, callback]) => [
    name,
    // `work` refuses a callback that is no function.
    typeof callback === 'function' ? (detail: never): void => guard.call(callback, detail) : callback,
  ]);
  return Object.fromEntries(entries) as C;
}

function isThenable(value: unknown): value is PromiseLike<unknown> {
  return typeof value === 'object' && value !== null && 'then' in value && typeof value.then === 'function';
}

function throwIt(error: unknown): never {
  throw error;
}
