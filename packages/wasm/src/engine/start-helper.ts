/** Starts a helper thread. A file of its own, because scripts that refer to each other in a circle cannot be bundled. */
import { nodeThread, webThread, type StartThread } from './threads.ts';

/** Starts a thread that serves jobs: `helper.ts`. */
export const startHelper: StartThread = (events) =>
  nodeThread(import.meta.url, 'helper.js', events) ??
  webThread(new Worker(new URL('./helper.js', import.meta.url), { type: 'module' }), events);
