/**
 * The JavaScript runtime that this code runs in: Node, Deno, Bun or a browser. Each offers a part of this.
 */

/** `process`, as far as it is needed. */
interface Process {
  readonly arch?: string;
  /** Bytes that a container may take; 0 or more than there are where nothing limits it. */
  constrainedMemory?(): number;
  cpuUsage?(): { readonly user: number; readonly system: number };
  readonly env?: Readonly<Record<string, string | undefined>>;
  /** Present in Node under `--permission` only. */
  readonly permission?: { has(scope: string): boolean };
  readonly pid?: number;
  readonly platform?: string;
  readonly versions?: Readonly<Record<string, string | undefined>>;
  /** Present in Node 20.16, 22.3 and later, in Deno and in Bun. */
  getBuiltinModule?(name: string): unknown;
}

interface Runtime {
  readonly localStorage?: {
    getItem(key: string): string | null;
    setItem(key: string, value: string): void;
  };
  readonly navigator?: { readonly userAgent?: string; readonly hardwareConcurrency?: number };
  readonly process?: Process;
}

/** The globals of the runtime; all of them may be missing. */
export function runtime(): Runtime {
  return globalThis as Runtime;
}

/** The `process` of Node, Deno or Bun; undefined in browsers. */
export function nodeProcess(): Process | undefined {
  const { process } = runtime();
  return process?.versions?.node === undefined ? undefined : process;
}

/**
 * A module of Node such as `node:fs`; undefined where there is none, which includes Deno: there, using such a
 * module may ask the user for a permission. No `import` is needed, so that bundlers for browsers ignore it.
 * @param options.inDeno Deno has the module, too. For callers that need no permission, or would ask anyway.
 */
export function builtin<T>(name: string, options: { readonly inDeno?: boolean } = {}): T | undefined {
  const process = nodeProcess();
  if (process?.versions?.deno !== undefined && options.inDeno !== true) return undefined;
  return process?.getBuiltinModule?.(name) as T | undefined;
}
