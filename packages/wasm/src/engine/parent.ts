/** How a thread talks to the thread that started it. */
import { workerThreads } from './worker-threads.ts';

/** The thread that started this one. */
export interface Parent {
  post(message: unknown, transfer?: readonly Transferable[]): void;
  listen(listener: (message: unknown) => void): void;
}

/** The thread that started this one: over a port of `worker_threads`, or as the page of a Web Worker. */
export function parent(): Parent {
  const port = workerThreads()?.parentPort;
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
