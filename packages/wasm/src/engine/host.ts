/** What hosts have in common with Node: Deno and Bun do, browsers do not. */

/** `process`, as far as it is needed. */
interface Process {
  readonly versions?: { readonly node?: string };
  /** With `--permission` only. */
  readonly permission?: { has(scope: string): boolean };
  /** Node 20.16, 22.3 and later. */
  getBuiltinModule?(name: string): unknown;
}

/** The process, where modules of Node are at home. */
export function nodeProcess(): Process | undefined {
  const { process } = globalThis as { readonly process?: Process };
  return process?.versions?.node === undefined ? undefined : process;
}

/** A module of Node, where there is one; without an import, which bundlers for browsers would stumble over. */
export function builtin<T>(name: string): T | undefined {
  return nodeProcess()?.getBuiltinModule?.(name) as T | undefined;
}

/** `worker_threads`, as far as it is needed. */
export interface WorkerThreads {
  readonly Worker: new (url: URL) => {
    postMessage(message: unknown, transfer?: readonly Transferable[]): void;
    terminate(): Promise<unknown>;
    ref(): void;
    unref(): void;
    on(event: 'message', listener: (message: unknown) => void): void;
    on(event: 'error', listener: (error: Error) => void): void;
    on(event: 'exit', listener: (code: number) => void): void;
  };
  readonly parentPort: {
    postMessage(message: unknown, transfer?: readonly Transferable[]): void;
    on(event: 'message', listener: (message: unknown) => void): void;
  } | null;
}
