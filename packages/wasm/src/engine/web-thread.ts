/** Threads of browsers. */
import { addressOf, type Script, type Thread, type ThreadEvents } from './threads.ts';

/**
 * Starts a Web Worker as a thread. `start` creates it, in the one way that bundlers understand. Errors: those
 * that the browser throws.
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
    // A page needs neither: it ends its workers.
    ref: () => {},
    unref: () => {},
    async terminate() {
      end();
    },
  };
}

/**
 * Starts a worker whatever the origin of its script. A page may not start a script of another origin, such as
 * a CDN, but may start a script of its own that imports the other one, if that server allows it (CORS). To a
 * sandboxed page every origin is another origin.
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

/**
 * The importing script of each address, as a URL. The page keeps them: workers may start from
 * them at any time.
 */
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
 * The text of a script that imports a module. It is no module itself, because sandboxed pages cannot start
 * modules as workers. So messages may arrive before the import has finished: they are kept for it. A failed
 * import becomes an error of the worker, which the page receives.
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
