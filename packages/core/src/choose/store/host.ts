/** What is asked of the host about itself; all of it may be missing. */

interface Process {
  readonly arch?: string;
  cpuUsage?(): { readonly user: number; readonly system: number };
  readonly env?: Readonly<Record<string, string | undefined>>;
  readonly pid?: number;
  readonly platform?: string;
  readonly versions?: Readonly<Record<string, string | undefined>>;
  getBuiltinModule?(name: string): unknown;
}

interface Host {
  readonly localStorage?: {
    getItem(key: string): string | null;
    setItem(key: string, value: string): void;
  };
  readonly navigator?: { readonly userAgent?: string; readonly hardwareConcurrency?: number };
  readonly process?: Process;
}

/** The globals. */
export function host(): Host {
  return globalThis as Host;
}

/** A module of Node, in Node and Bun. Not in Deno, which would ask the user for a permission. */
export function builtin<T>(name: string): T | undefined {
  const { process } = host();
  if (process?.versions?.node === undefined || process.versions.deno !== undefined) return undefined;
  return process.getBuiltinModule?.(name) as T | undefined;
}

/** The machine and its engine, as far as the speed of code depends on them: measurements are filed under it. */
export function machineName(): string {
  const { navigator, process } = host();
  const os = builtin<{ cpus(): readonly { readonly model: string }[]; availableParallelism?(): number }>(
    'node:os',
  );
  if (os === undefined) return `${navigator?.userAgent ?? ''} ×${navigator?.hardwareConcurrency ?? 1}`;
  const cpus = os.cpus();
  const engine = process?.versions?.bun === undefined ? 'node' : 'bun';
  const version = process?.versions?.[engine] ?? '';
  const cores = os.availableParallelism?.() ?? cpus.length;
  return `${cpus[0]?.model.trim() ?? ''} ×${cores} ${process?.arch ?? ''} ${engine} ${version}`;
}
