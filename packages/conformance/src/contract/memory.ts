/**
 * Memory that a repeated call leaves behind. Only Node.js can tell,
 * because its garbage collector can be called.
 */
import { eventLoopTurn } from '@attn/core/backend';

/** The parts of Node.js that are needed here; other hosts lack them. */
interface NodeHost {
  readonly process?: {
    memoryUsage?(): { readonly heapUsed: number; readonly external: number };
    getBuiltinModule?(name: string): Builtins | undefined;
  };
}

interface Builtins {
  setFlagsFromString?(flags: string): void;
  runInNewContext?(code: string): unknown;
}

/** Bytes by which memory grows in `calls` calls after a warm-up; undefined where the host cannot tell. */
export async function memoryGrowth(call: () => Promise<void>, calls: number): Promise<number | undefined> {
  const { process } = globalThis as NodeHost;
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
