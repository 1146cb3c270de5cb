/** Threads of whatever host this is: `worker_threads` where they exist (Node, Deno, Bun), else Web Workers. */
import type { Service } from './control.ts';

/** A helper thread. */
export interface Helper {
  /** Tells it which memory to serve. */
  serve(service: Service): void;
  /** Ends it, whatever it is doing. */
  terminate(): Promise<void>;
}

/** Starts a helper. `onDeath` is called once if it ends without having been terminated, with the reason. */
export type Spawn = (onDeath: (reason: string) => void) => Helper;

/** `worker_threads`, as far as it is needed. */
interface WorkerThreads {
  readonly Worker: new (url: URL) => {
    postMessage(message: unknown): void;
    terminate(): Promise<unknown>;
    unref(): void;
    on(event: 'error', listener: (error: Error) => void): void;
    on(event: 'exit', listener: (code: number) => void): void;
  };
}

interface Host {
  readonly process?: {
    readonly versions?: { readonly node?: string };
    getBuiltinModule?(name: string): unknown;
  };
  readonly navigator?: { readonly hardwareConcurrency?: number };
}

const host = globalThis as Host;

function builtin<T>(name: string): T | undefined {
  return host.process?.versions?.node === undefined
    ? undefined
    : (host.process.getBuiltinModule?.(name) as T | undefined);
}

/** How many threads this host can run at the same time. */
export function availableThreads(): number {
  const os = builtin<{ availableParallelism?(): number }>('node:os');
  return os?.availableParallelism?.() ?? host.navigator?.hardwareConcurrency ?? 1;
}

/** Starts a helper of this host. */
export const spawn: Spawn = (onDeath) => {
  const threads = builtin<WorkerThreads>('node:worker_threads');
  return threads ? spawnThread(threads, onDeath) : spawnWorker(onDeath);
};

function spawnThread({ Worker }: WorkerThreads, onDeath: (reason: string) => void): Helper {
  const worker = new Worker(new URL('./helper.js', import.meta.url));
  let ended = false;
  const die = (reason: string): void => {
    if (!ended) onDeath(reason);
    ended = true;
  };
  worker.on('error', (error) => die(error.message));
  worker.on('exit', (code) => die(`it ended with exit code ${code}`));
  // A sleeping helper must not keep the process alive.
  worker.unref();
  return {
    serve: (service) => worker.postMessage(service),
    async terminate() {
      ended = true;
      await worker.terminate();
    },
  };
}

function spawnWorker(onDeath: (reason: string) => void): Helper {
  const worker = new Worker(new URL('./helper.js', import.meta.url), { type: 'module' });
  worker.addEventListener('error', (event) => onDeath(event.message || 'it could not be loaded'));
  return {
    serve: (service) => worker.postMessage(service),
    async terminate() {
      worker.terminate();
    },
  };
}
