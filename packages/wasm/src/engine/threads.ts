/** Threads of whatever host this is: `worker_threads` where they exist (Node, Deno, Bun), else Web Workers. */
import { builtin, type WorkerThreads } from './host.ts';

/** A thread that takes messages. */
export interface Thread {
  post(message: unknown, transfer?: readonly Transferable[]): void;
  /** Whether it keeps the process alive. Not at first. */
  hold(keepsAlive: boolean): void;
  /** Ends it, whatever it is doing. */
  terminate(): Promise<void>;
}

/** What a thread tells who started it. */
export interface ThreadEvents {
  onMessage?(message: unknown): void;
  /** Called once if it ends without having been terminated, with the reason. */
  onDeath(reason: string): void;
}

/** Starts a thread. */
export type StartThread = (events: ThreadEvents) => Thread;

/** How many threads this host can run at the same time. */
export function availableThreads(): number {
  const os = builtin<{ availableParallelism?(): number }>('node:os');
  return os?.availableParallelism?.() ?? globalThis.navigator?.hardwareConcurrency ?? 1;
}

/**
 * A `worker_threads` thread, or undefined where there are none. Its script is named by two parts, so that bundlers for browsers do
 * not take it along a second time.
 */
export function nodeThread(
  folder: string,
  file: string,
  { onMessage, onDeath }: ThreadEvents,
): Thread | undefined {
  const threads = builtin<WorkerThreads>('node:worker_threads');
  if (threads === undefined) return undefined;
  const worker = new threads.Worker(new URL(file, folder));
  let ended = false;
  const die = (reason: string): void => {
    if (!ended) onDeath(reason);
    ended = true;
  };
  if (onMessage) worker.on('message', onMessage);
  worker.on('error', (error) => die(error.message));
  worker.on('exit', (code) => die(`it ended with exit code ${code}`));
  worker.unref();
  return {
    post: (message, transfer) => worker.postMessage(message, transfer),
    hold: (keepsAlive) => (keepsAlive ? worker.ref() : worker.unref()),
    async terminate() {
      ended = true;
      await worker.terminate();
    },
  };
}

/** A Web Worker as a thread. It is made by the caller, in the one way that bundlers understand. */
export function webThread(worker: Worker, { onMessage, onDeath }: ThreadEvents): Thread {
  if (onMessage) worker.addEventListener('message', ({ data }) => onMessage(data));
  worker.addEventListener('error', ({ message }) => onDeath(message || 'its script could not be loaded'));
  return {
    post: (message, transfer = []) => worker.postMessage(message, [...transfer]),
    hold: () => {},
    async terminate() {
      worker.terminate();
    },
  };
}
