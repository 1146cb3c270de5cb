/** Threads of whatever host this is: `worker_threads` where they exist (Node, Deno, Bun), else Web Workers. */
import { builtin } from './host.ts';

/** A thread that takes messages. */
export interface Thread {
  post(message: unknown, transfer?: readonly Transferable[]): void;
  /** Whether it keeps the process alive. Not at first. */
  hold(keepsAlive: boolean): void;
  /** Ends it, whatever it is doing. */
  terminate(): Promise<void>;
}

/** What a thread tells who started it. */
export interface ThreadEvents {
  onMessage?(message: unknown): void;
  /** Called once if it ends without having been terminated, with the reason. */
  onDeath(reason: string): void;
}

/** Starts a thread. */
export type StartThread = (events: ThreadEvents) => Thread;

/** A thread's script: the address of the module that starts it, and the file beside that module. */
export interface Script {
  /** Bundles have none, in formats that know no `import.meta`. */
  readonly beside: string | undefined;
  readonly file: string;
}

/** Where a script is, if the module that starts it lies where it was published. */
export function addressOf({ beside, file }: Script): URL | undefined {
  return beside !== undefined && URL.canParse(file, beside) ? new URL(file, beside) : undefined;
}

/** How many threads this host can run at the same time. */
export function availableThreads(): number {
  const os = builtin<{ availableParallelism?(): number }>('node:os');
  return os?.availableParallelism?.() ?? globalThis.navigator?.hardwareConcurrency ?? 1;
}
