/**
 * Pauses of a long computation: between units of work it calls `pause`, which now and then lets the event
 * loop turn (timers fire, pages paint, an abort arrives), and throws when the run was aborted.
 */
import { clock } from './clock.ts';
import { throwIfAborted } from '../errors.ts';

/** Returns a promise to wait for, or undefined to continue at once. Throws `ABORTED`. */
export type Pause = () => Promise<void> | undefined;

/** Makes the `Pause` of one run, which lets the event loop turn about every `interval` milliseconds. */
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

/** The host's ways to a later turn of the event loop; some hosts lack the first two. */
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
 * Returns a promise that resolves in a later turn of the event loop, as early as the host can. `setTimeout`
 * is the last resort: in browsers it waits 4 ms.
 * @param turns the functions of the host, for tests
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
