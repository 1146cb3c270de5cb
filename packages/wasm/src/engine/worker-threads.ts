/** `node:worker_threads`, as far as it is needed. Node, Deno and Bun have it, browsers do not. */
import { builtin } from '@attn/core/backend';

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

/** The module; undefined in browsers, and in versions of Node whose modules packages cannot reach. */
export function workerThreads(): WorkerThreads | undefined {
  return builtin<WorkerThreads>('node:worker_threads', { inDeno: true });
}
