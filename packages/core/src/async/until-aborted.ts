/** Waits for a promise that cannot be stopped, but no longer than the caller wants. */
import { throwIfAborted } from '../errors.ts';

/** Settles like the promise, or rejects with `ABORTED` when the signal is aborted; the work continues. */
export async function untilAborted<T>(
  promise: Promise<T>,
  signal: AbortSignal | undefined,
  where: string,
): Promise<T> {
  throwIfAborted(signal, where);
  if (signal === undefined) return promise;
  let onAbort = () => {};
  const aborted = new Promise<never>((_, reject) => {
    onAbort = () => {
      try {
        throwIfAborted(signal, where);
      } catch (error) {
        reject(error);
      }
    };
    signal.addEventListener('abort', onAbort, { once: true });
  });
  try {
    return await Promise.race([promise, aborted]);
  } finally {
    signal.removeEventListener('abort', onAbort);
  }
}
