/** Threads of Node, Deno and Bun. */
import { builtin, nodeProcess } from '@attn/core/backend';
import { addressOf, type Script, type Thread, type ThreadEvents } from './threads.ts';
import { workerThreads } from './worker-threads.ts';

/**
 * Starts a thread of `worker_threads`; undefined where there are none. The URL of its script is made of two
 * parts, so that bundlers for browsers do not include the script a second time.
 */
export function nodeThread(script: Script, { onMessage, onDeath }: ThreadEvents): Thread | undefined {
  const threads = workerThreads();
  if (threads === undefined) return undefined;
  const worker = new threads.Worker(new URL(script.file, script.beside));
  let ended = false;
  const die = (reason: string): void => {
    if (!ended) onDeath(reason);
    ended = true;
  };
  if (onMessage) worker.on('message', onMessage);
  worker.on('error', (error) => die(error.message));
  worker.on('exit', (code) => die(`it ended with exit code ${code}`));
  worker.unref();
  return {
    post: (message, transfer) => worker.postMessage(message, transfer),
    ref: () => worker.ref(),
    unref: () => worker.unref(),
    async terminate() {
      ended = true;
      await worker.terminate();
    },
  };
}

/**
 * Why no thread of this script can start in this process, and what helps; undefined when nothing prevents it.
 * Starts none.
 */
export function whyNoNodeThread(script: Script): string | undefined {
  const process = nodeProcess();
  if (process === undefined) return undefined;
  if (process.permission?.has('worker') === false) {
    return 'this process may not start threads; give it --allow-worker beside --permission';
  }
  if (workerThreads() === undefined) {
    return `packages cannot reach the threads of Node ${process.versions?.node}; it has to be 20.16, 22.3 or later`;
  }
  const address = addressOf(script);
  if (address !== undefined && address.protocol !== 'file:') return undefined;
  try {
    if (address !== undefined && (files()?.existsSync(address) ?? true)) return undefined;
  } catch (error) {
    // Deno without the permission to read files. It would not start the thread either.
    return `${script.file} cannot be read: ${error instanceof Error ? error.message : String(error)}`;
  }
  return (
    `${script.file} is not beside this bundle; keep @attn/wasm out of the bundle (external), ` +
    `or copy @attn/wasm/dist/workers/${script.file} there`
  );
}

function files(): { existsSync(path: URL): boolean } | undefined {
  return builtin('node:fs', { inDeno: true });
}
