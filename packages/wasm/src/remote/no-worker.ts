/** The message for pages whose worker with the engine does not start. */
import { AttnError } from '@attn/core';
import { engineAddress } from '../workers/start-engine.ts';

/** Why the worker did not start, and what helps, in one sentence. */
export function whyNoWorker(error: unknown, address: string | undefined = engineAddress()): string {
  return `${causeOf(error).replace(/\.$/, '')}; ${remedy(address)}`;
}

function causeOf(error: unknown): string {
  if (error instanceof AttnError) return error.sentence;
  return `the worker with the engine did not start: ${error instanceof Error ? error.message : String(error)}`;
}

function remedy(address: string | undefined): string {
  if (globalThis.origin === 'null') {
    return 'in a sandboxed frame without allow-same-origin, its server has to allow every origin (Access-Control-Allow-Origin: *)';
  }
  if (address !== undefined && /\bvite\/(?:.*\/)?deps\//.test(address)) {
    return "Vite's development server bundled this package without it: optimizeDeps: { exclude: ['@attn/wasm'] } in the config helps";
  }
  // In a page that webpack built, the address is that of a file on the machine where webpack ran.
  const place = address?.startsWith('http') ? new URL('.', address).href : 'where the bundle is';
  return (
    `if a bundler left its file out, copy @attn/wasm/dist/workers/attn-wasm-*.js to ${place}; ` +
    'if the page has a policy, its worker-src has to allow it'
  );
}

let hasWarned = false;

/** Warns on the console, once, that the page's own thread computes, and why. */
export function warnOfOwnThread(reason: string): void {
  if (hasWarned) return;
  hasWarned = true;
  console.warn(
    `[attn/wasm] this page computes on its own thread alone, which is blocked meanwhile: ${reason}. ` +
      'wasm({ offMainThread: false }) asks for that, and then nothing is said.',
  );
}
