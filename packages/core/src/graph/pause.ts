/**
 * How a long computation stays polite: between units of work it asks `pause`, which now and then lets the event loop
 * turn (timers fire, pages paint, an abort arrives) and stops the run when it was aborted.
 */
import { throwIfAborted } from '../errors.ts';

/** Asks whether to pause: a promise to wait for, or undefined to go on at once. Throws `ABORTED`. */
export type Pause = () => Promise<void> | undefined;

/** A `Pause` for one run, which lets the event loop turn about every `interval` milliseconds. */
export function createPause(signal: AbortSignal | undefined, where: string, interval = 30): Pause {
  let turned = performance.now();
  return () => {
    throwIfAborted(signal, where);
    if (performance.now() - turned < interval) return undefined;
    return eventLoopTurn().then(() => {
      turned = performance.now();
      throwIfAborted(signal, where);
    });
  };
}

/** The parts of the host that some runtimes have and others lack. */
interface Host {
  readonly setImmediate?: (callback: () => void) => unknown;
  readonly MessageChannel?: new () => { readonly port1: Port; readonly port2: Port };
}

interface Port {
  onmessage: (() => void) | null;
  postMessage(message: unknown): void;
  close(): void;
}

/** Resolves in a later turn of the event loop, as early as the host can: a browser's `setTimeout` would wait 4 ms. */
export function eventLoopTurn(): Promise<void> {
  const { setImmediate, MessageChannel } = globalThis as Host;
  return new Promise((resolve) => {
    if (setImmediate) {
      setImmediate(resolve);
    } else if (MessageChannel) {
      const { port1, port2 } = new MessageChannel();
      port1.onmessage = () => {
        port1.close();
        resolve();
      };
      port2.postMessage(undefined);
    } else {
      setTimeout(resolve, 0);
    }
  });
}
