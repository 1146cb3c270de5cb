/** Threads of Node, Deno and Bun. */
import { builtin, nodeProcess, type WorkerThreads } from './host.ts';
import { addressOf, type Script, type Thread, type ThreadEvents } from './threads.ts';

/**
 * A `worker_threads` thread, or undefined where there are none. Its script is named by two parts, so that
 * bundlers for browsers do not take it along a second time.
 */
export function nodeThread(script: Script, { onMessage, onDeath }: ThreadEvents): Thread | undefined {
  const threads = builtin<WorkerThreads>('node:worker_threads');
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
    hold: (keepsAlive) => (keepsAlive ? worker.ref() : worker.unref()),
    async terminate() {
      ended = true;
      await worker.terminate();
    },
  };
}

/**
 * Why no thread of this script can start in this process, and what would help; undefined when nothing is in
 * its way. Starts none.
 */
export function whyNoNodeThread(script: Script): string | undefined {
  const process = nodeProcess();
  if (process === undefined) return undefined;
  if (process.permission?.has('worker') === false) {
    return 'this process may not start threads; give it --allow-worker beside --permission';
  }
  if (builtin('node:worker_threads') === undefined) {
    return `packages cannot reach the threads of Node ${process.versions?.node}; it has to be 20.16, 22.3 or later`;
  }
  const address = addressOf(script);
  if (address !== undefined && address.protocol !== 'file:') return undefined;
  try {
    if (address !== undefined && (files()?.existsSync(address) ?? true)) return undefined;
  } catch (error) {
    // Deno, without the permission to read, in which it does not start threads either.
    return `${script.file} cannot be read: ${error instanceof Error ? error.message : String(error)}`;
  }
  return (
    `${script.file} is not beside this bundle; keep @attn/wasm out of the bundle (external), ` +
    `or copy @attn/wasm/dist/workers/${script.file} there`
  );
}

function files(): { existsSync(path: URL): boolean } | undefined {
  return builtin('node:fs');
}
