/**
 * Threads of any JavaScript runtime: `worker_threads` where they exist (Node, Deno, Bun), else Web Workers.
 */
import { builtin } from '@attn/core/backend';

/** A thread that takes messages. At first it does not keep the process alive. */
export interface Thread {
  post(message: unknown, transfer?: readonly Transferable[]): void;
  /** Lets the thread keep the process alive. */
  ref(): void;
  /** Lets the process end while the thread runs. */
  unref(): void;
  /** Ends the thread, whatever it is doing. */
  terminate(): Promise<void>;
}

/** What a thread reports to the code that started it. */
export interface ThreadEvents {
  onMessage?(message: unknown): void;
  /** Called once if the thread ends without having been terminated, with the reason. */
  onDeath(reason: string): void;
}

/** Starts a thread. */
export type StartThread = (events: ThreadEvents) => Thread;

/**
 * A thread's script: the address of the module that starts it, and the name of the file beside that module.
 */
export interface Script {
  /** Undefined in bundles whose format has no `import.meta`. */
  readonly beside: string | undefined;
  readonly file: string;
}

/** The address of a script, if the module that starts it lies where it was published. */
export function addressOf({ beside, file }: Script): URL | undefined {
  return beside !== undefined && URL.canParse(file, beside) ? new URL(file, beside) : undefined;
}

/** How many threads this machine can run at the same time. */
export function availableThreads(): number {
  const os = builtin<{ availableParallelism?(): number }>('node:os', { inDeno: true });
  return os?.availableParallelism?.() ?? globalThis.navigator?.hardwareConcurrency ?? 1;
}
