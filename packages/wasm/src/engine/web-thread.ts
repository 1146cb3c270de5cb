/** Threads of browsers. */
import { addressOf, type Script, type Thread, type ThreadEvents } from './threads.ts';

/**
 * A Web Worker as a thread. `start` makes it, in the one way that bundlers understand. Errors: what the
 * browser throws.
 */
export function webThread(start: () => Worker, script: Script, { onMessage, onDeath }: ThreadEvents): Thread {
  const worker = startAnywhere(start, script);
  let ended = false;
  const end = (): void => {
    ended = true;
    worker.terminate();
  };
  if (onMessage) worker.addEventListener('message', ({ data }) => onMessage(data));
  worker.addEventListener('error', ({ message }) => {
    if (ended) return;
    end();
    onDeath(message || 'its script could not be loaded');
  });
  return {
    post: (message, transfer = []) => worker.postMessage(message, [...transfer]),
    hold: () => {},
    async terminate() {
      end();
    },
  };
}

/**
 * A page may not start a script of another origin, say of a CDN, but it may start one of its own that imports
 * the other, if the other's server lets it (CORS). To a sandboxed page all origins are others.
 */
function startAnywhere(start: () => Worker, script: Script): Worker {
  try {
    return start();
  } catch (error) {
    const address = addressOf(script);
    if (address === undefined || !isForeign(address) || typeof Worker === 'undefined') throw error;
    return new Worker(importing(address.href));
  }
}

function isForeign({ protocol, origin }: URL): boolean {
  return protocol.startsWith('http') && origin !== globalThis.origin;
}

/** A script for each address, which the page keeps: workers may start from it at any time. */
const scripts = new Map<string, string>();

function importing(address: string): string {
  let script = scripts.get(address);
  if (script === undefined) {
    script = URL.createObjectURL(new Blob([sourceOf(address)], { type: 'text/javascript' }));
    scripts.set(address, script);
  }
  return script;
}

/**
 * No module itself, because sandboxed pages start none of those. So messages arrive before the import, and
 * are kept for it. What becomes of a failed import is an error of the worker, which its page hears of.
 */
const sourceOf = (address: string): string => `
const early = [];
const keep = (event) => early.push(event);
addEventListener('message', keep);
import(${JSON.stringify(address)}).then(
  () => {
    removeEventListener('message', keep);
    for (const { data } of early) dispatchEvent(new MessageEvent('message', { data }));
  },
  (error) => setTimeout(() => { throw error; }),
);`;
