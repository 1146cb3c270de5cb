/**
 * Starts a helper thread. It is a file of its own, because bundlers refuse scripts that refer to each
 * other in a circle.
 */
import { nodeThread, whyNoNodeThread } from '../engine/node-thread.ts';
import type { Script, StartThread } from '../engine/threads.ts';
import { webThread } from '../engine/web-thread.ts';

const script: Script = { beside: import.meta.url, file: 'attn-wasm-helper.js' };

/** Starts a thread that serves jobs: `attn-wasm-helper.ts`. */
export const startHelper: StartThread = (events) =>
  nodeThread(script, events) ??
  webThread(
    () => new Worker(new URL('./attn-wasm-helper.js', import.meta.url), { type: 'module' }),
    script,
    events,
  );

/**
 * Why no helper can start in this process; undefined where nothing prevents it, and in browsers, where only
 * an attempt can tell.
 */
export function whyNoHelper(): string | undefined {
  return whyNoNodeThread(script);
}
