/** Starts the worker that has a whole engine. */
import { AttnError } from '@attn/core';
import { nodeThread, whyNoNodeThread } from '../engine/node-thread.ts';
import { addressOf, type Script, type StartThread } from '../engine/threads.ts';
import { webThread } from '../engine/web-thread.ts';

const script: Script = { beside: import.meta.url, file: 'attn-wasm-engine.js' };

/**
 * Starts a thread with an engine: `attn-wasm-engine.ts`. Errors: `BACKEND_UNAVAILABLE`, and those
 * that a browser throws.
 */
export const startEngine: StartThread = (events) => {
  const reason = whyNoNodeThread(script);
  if (reason !== undefined) throw new AttnError('BACKEND_UNAVAILABLE', 'wasm/probe', reason);
  return (
    nodeThread(script, events) ??
    webThread(
      () => new Worker(new URL('./attn-wasm-engine.js', import.meta.url), { type: 'module' }),
      script,
      events,
    )
  );
};

/**
 * The address where the engine's script has to be; undefined in bundles that do not know their own address.
 */
export function engineAddress(): string | undefined {
  return addressOf(script)?.href;
}
