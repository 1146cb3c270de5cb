/**
 * The clock and the timers of the host. Applications are tested with fake ones (`vi.useFakeTimers()`), which
 * stand still until the test moves them: a call that waited for them would never end. So this module keeps
 * the host's own when it is loaded, and everything that a call waits for uses these.
 */

/** A global function that some runtimes lack. */
interface Immediate {
  setImmediate?(callback: () => void): unknown;
}

const host = globalThis as Immediate;
const { setImmediate } = host;
const now = performance.now.bind(performance);
const [startTimer, endTimer] = [setTimeout, clearTimeout];
const [startInterval, endInterval] = [setInterval, clearInterval];

/** A timer of the host: a number in some runtimes, an object in others. */
export type Timer = NonNullable<unknown>;

/** The host's functions of time. */
export interface Clock {
  /** Milliseconds since an unknown start. */
  now(): number;
  /** Calls the callback once, after so many milliseconds. */
  setTimeout(callback: () => void, milliseconds: number): Timer;
  /** Stops a timer of `setTimeout`. */
  clearTimeout(timer: Timer | undefined): void;
  /** Calls the callback again and again, every so many milliseconds. */
  setInterval(callback: () => void, milliseconds: number): Timer;
  /** Stops a timer of `setInterval`. */
  clearInterval(timer: Timer | undefined): void;
  /** Calls the callback in the next turn of the event loop; absent in browsers. */
  readonly setImmediate: Immediate['setImmediate'];
  /** Returns a promise that resolves after so many milliseconds. */
  sleep(milliseconds: number): Promise<void>;
}

/** The host's clock and timers, even if a test has replaced the global ones. */
export const clock: Clock = {
  now: () => now(),
  setTimeout: (callback, milliseconds) => startTimer(callback, milliseconds) as Timer,
  clearTimeout: (timer) => endTimer(timer as number | undefined),
  setInterval: (callback, milliseconds) => startInterval(callback, milliseconds) as Timer,
  clearInterval: (timer) => endInterval(timer as number | undefined),
  setImmediate,
  sleep: (milliseconds) => new Promise((resolve) => void startTimer(resolve, milliseconds)),
};

/** Calls the host's `setImmediate`; unlike that, it is recognised as put there by `onHostTimers`. */
const substitute: Immediate['setImmediate'] = (callback) => setImmediate?.(callback);
let replaced: Immediate['setImmediate'];
let waiting = 0;

/**
 * Does work of a native library that uses the global `setImmediate`, as Dawn and onnxruntime-node do. If a
 * test has replaced it, the host's takes its place until the promise of the work settles.
 */
export async function onHostTimers<T>(work: () => Promise<T>): Promise<T> {
  if (setImmediate !== undefined && host.setImmediate !== setImmediate && host.setImmediate !== substitute) {
    replaced = host.setImmediate;
    host.setImmediate = substitute;
  }
  waiting += 1;
  try {
    return await work();
  } finally {
    waiting -= 1;
    // A test may have replaced it again in the meantime: then there is nothing to restore.
    if (waiting === 0 && host.setImmediate === substitute) host.setImmediate = replaced;
  }
}
