/**
 * How much memory a repeated call leaves behind, where the host can
 * tell: in Node.js, whose collector can be called.
 */
import { eventLoopTurn } from '@attn/core/backend';

/** The parts of Node.js that it takes; other hosts lack them. */
interface Host {
  readonly process?: {
    memoryUsage?(): { readonly heapUsed: number; readonly external: number };
    getBuiltinModule?(name: string): Builtins | undefined;
  };
}

interface Builtins {
  setFlagsFromString?(flags: string): void;
  runInNewContext?(code: string): unknown;
}

/**
 * Bytes by which `calls` further calls make memory grow, after some
 * to warm up; undefined where it cannot be known.
 */
export async function memoryGrowth(call: () => Promise<void>, calls: number): Promise<number | undefined> {
  const { process } = globalThis as Host;
  process?.getBuiltinModule?.('node:v8')?.setFlagsFromString?.('--expose-gc');
  const collect = process?.getBuiltinModule?.('node:vm')?.runInNewContext?.('globalThis.gc');
  if (typeof collect !== 'function' || process?.memoryUsage === undefined) return undefined;
  const measure = async (): Promise<number> => {
    for (let i = 0; i < 3; i++) {
      collect();
      await eventLoopTurn(); // finalizers run
    }
    const { heapUsed, external } = process?.memoryUsage?.() ?? { heapUsed: 0, external: 0 };
    return heapUsed + external;
  };
  for (let i = 0; i < 50; i++) await call();
  const before = await measure();
  for (let i = 0; i < calls; i++) await call();
  return (await measure()) - before;
}
