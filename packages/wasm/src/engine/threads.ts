/** Threads of whatever host this is: `worker_threads` where they exist (Node, Deno, Bun), else Web Workers. */

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

/** `worker_threads`, as far as it is needed. */
interface WorkerThreads {
  readonly Worker: new (url: URL) => {
    postMessage(message: unknown, transfer?: readonly Transferable[]): void;
    terminate(): Promise<unknown>;
    ref(): void;
    unref(): void;
    on(event: 'message', listener: (message: unknown) => void): void;
    on(event: 'error', listener: (error: Error) => void): void;
    on(event: 'exit', listener: (code: number) => void): void;
  };
  readonly parentPort: {
    postMessage(message: unknown, transfer?: readonly Transferable[]): void;
    on(event: 'message', listener: (message: unknown) => void): void;
  } | null;
}

interface Host {
  readonly process?: {
    readonly versions?: { readonly node?: string };
    getBuiltinModule?(name: string): unknown;
  };
  readonly navigator?: { readonly hardwareConcurrency?: number };
}

function builtin<T>(name: string): T | undefined {
  const { process } = globalThis as Host;
  return process?.versions?.node === undefined
    ? undefined
    : (process.getBuiltinModule?.(name) as T | undefined);
}

/** How many threads this host can run at the same time. */
export function availableThreads(): number {
  const os = builtin<{ availableParallelism?(): number }>('node:os');
  return os?.availableParallelism?.() ?? (globalThis as Host).navigator?.hardwareConcurrency ?? 1;
}

/** Starts a thread that serves jobs: `helper.ts`. */
export const startHelper: StartThread = (events) =>
  nodeThread(() => new URL('./helper.js', import.meta.url), events) ??
  webThread(new Worker(new URL('./helper.js', import.meta.url), { type: 'module' }), events);

/** Starts a thread that has a whole engine: `remote/engine-worker.ts`. */
export const startEngine: StartThread = (events) =>
  nodeThread(() => new URL('../remote/engine-worker.js', import.meta.url), events) ??
  webThread(new Worker(new URL('../remote/engine-worker.js', import.meta.url), { type: 'module' }), events);

function nodeThread(script: () => URL, { onMessage, onDeath }: ThreadEvents): Thread | undefined {
  const threads = builtin<WorkerThreads>('node:worker_threads');
  if (threads === undefined) return undefined;
  const worker = new threads.Worker(script());
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

function webThread(worker: Worker, { onMessage, onDeath }: ThreadEvents): Thread {
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

/** How a thread talks to who started it. */
export interface Parent {
  post(message: unknown, transfer?: readonly Transferable[]): void;
  listen(listener: (message: unknown) => void): void;
}

/** Who started this thread. */
export function parent(): Parent {
  const port = builtin<WorkerThreads>('node:worker_threads')?.parentPort;
  if (port)
    return {
      post: (message, transfer) => port.postMessage(message, transfer),
      listen: (listener) => port.on('message', listener),
    };
  return {
    post: (message, transfer = []) => globalThis.postMessage(message, { transfer: [...transfer] }),
    listen: (listener) => globalThis.addEventListener('message', ({ data }) => listener(data)),
  };
}
