/**
 * Time as the host tells it. Applications test with clocks and timers of their own in place of the global
 * ones (`vi.useFakeTimers()`), which stand still until the test moves them: a call that waited for them would
 * never end. So the host's are taken here, when the library is loaded, and everything that a call waits for
 * goes by them.
 */

/** The parts of the host that some runtimes lack. */
interface Host {
  setImmediate?(callback: () => void): unknown;
}

const host = globalThis as Host;
const { setImmediate } = host;
const now = performance.now.bind(performance);
const [startTimer, endTimer] = [setTimeout, clearTimeout];
const [startInterval, endInterval] = [setInterval, clearInterval];

/** A timer of the host, which is a number in some and an object in others. */
export type Timer = NonNullable<unknown>;

/** What can be asked of the host about time. */
export interface Clock {
  /** Milliseconds from an unknown start on. */
  now(): number;
  /** Calls once, after so many milliseconds. */
  setTimeout(callback: () => void, milliseconds: number): Timer;
  clearTimeout(timer: Timer | undefined): void;
  /** Calls again and again. */
  setInterval(callback: () => void, milliseconds: number): Timer;
  clearInterval(timer: Timer | undefined): void;
  /** Calls in the next turn of the event loop; absent in browsers. */
  readonly setImmediate: Host['setImmediate'];
  /** Resolves after so many milliseconds. */
  sleep(milliseconds: number): Promise<void>;
}

/** The host's clock and timers, whatever the global ones have become. */
export const clock: Clock = {
  now: () => now(),
  setTimeout: (callback, milliseconds) => startTimer(callback, milliseconds) as Timer,
  clearTimeout: (timer) => endTimer(timer as number | undefined),
  setInterval: (callback, milliseconds) => startInterval(callback, milliseconds) as Timer,
  clearInterval: (timer) => endInterval(timer as number | undefined),
  setImmediate,
  sleep: (milliseconds) => new Promise((resolve) => void startTimer(resolve, milliseconds)),
};

/** Stands in for the host's `setImmediate`, from which it can be told. */
const lent: Host['setImmediate'] = (callback) => setImmediate?.(callback);
let replaced: Host['setImmediate'];
let waiting = 0;

/**
 * Does work of a native library that looks the global `setImmediate` up whenever it needs it, as Dawn and
 * onnxruntime-node do. Where somebody has put a `setImmediate` of their own there, the host's takes its place
 * until the work has settled.
 */
export async function onHostTimers<T>(work: () => Promise<T>): Promise<T> {
  if (setImmediate !== undefined && host.setImmediate !== setImmediate && host.setImmediate !== lent) {
    replaced = host.setImmediate;
    host.setImmediate = lent;
  }
  waiting += 1;
  try {
    return await work();
  } finally {
    waiting -= 1;
    // A test may have changed the global one in the meantime: then there is nothing to put back.
    if (waiting === 0 && host.setImmediate === lent) host.setImmediate = replaced;
  }
}
