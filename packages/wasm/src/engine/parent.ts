/** How a thread talks to who started it. */
import { builtin, type WorkerThreads } from './host.ts';

/** Who started a thread. */
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
