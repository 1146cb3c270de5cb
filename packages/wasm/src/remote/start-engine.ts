/** Starts the thread that has a whole engine. */
import { nodeThread, webThread, type StartThread } from '../engine/threads.ts';

/** Starts a thread with an engine: `engine-worker.ts`. */
export const startEngine: StartThread = (events) =>
  nodeThread(import.meta.url, 'engine-worker.js', events) ??
  webThread(new Worker(new URL('./engine-worker.js', import.meta.url), { type: 'module' }), events);
