/**
 * How a long computation stays polite: between units of work it asks `pause`, which now and then lets the
 * event loop turn (timers fire, pages paint, an abort arrives) and stops the run when it was aborted.
 */
import { clock } from './clock.ts';
import { throwIfAborted } from '../errors.ts';

/** Asks whether to pause: a promise to wait for, or undefined to go on at once. Throws `ABORTED`. */
export type Pause = () => Promise<void> | undefined;

/** A `Pause` for one run, which lets the event loop turn about every `interval` milliseconds. */
export function createPause(signal: AbortSignal | undefined, where: string, interval = 30): Pause {
  let turned = clock.now();
  return () => {
    throwIfAborted(signal, where);
    if (clock.now() - turned < interval) return undefined;
    return eventLoopTurn().then(() => {
      turned = clock.now();
      throwIfAborted(signal, where);
    });
  };
}

/** The ways to a later turn of the event loop, the first two of which some hosts lack. */
interface Turns {
  readonly setImmediate?: (callback: () => void) => unknown;
  readonly MessageChannel?: new () => { readonly port1: Port; readonly port2: Port };
  readonly setTimeout: (callback: () => void, milliseconds: number) => unknown;
}

interface Port {
  onmessage: ((this: never, event: never) => void) | null;
  postMessage(message: unknown): void;
  close(): void;
}

const { MessageChannel } = globalThis as Pick<Turns, 'MessageChannel'>;
const TURNS: Turns = { ...clock, MessageChannel };

/**
 * Resolves in a later turn of the event loop, as early as the host can: a browser's `setTimeout` would wait 4
 * ms.
 * @param turns what the host has, for tests
 */
export function eventLoopTurn({ setImmediate, MessageChannel, setTimeout }: Turns = TURNS): Promise<void> {
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
