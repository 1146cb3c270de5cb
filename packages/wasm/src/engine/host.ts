/** What hosts have in common with Node: Deno and Bun do, browsers do not. */

interface Host {
  readonly process?: {
    readonly versions?: { readonly node?: string };
    getBuiltinModule?(name: string): unknown;
  };
}

/** A module of Node, where there is one; without an import, which bundlers for browsers would stumble over. */
export function builtin<T>(name: string): T | undefined {
  const { process } = globalThis as Host;
  return process?.versions?.node === undefined
    ? undefined
    : (process.getBuiltinModule?.(name) as T | undefined);
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
