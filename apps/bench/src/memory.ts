/** The most memory that a call takes. */
import { readFileSync } from 'node:fs';
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';

/**
 * Collects garbage now, so that the next measurement does not include old
 * garbage, and so that freed memory is used again: on virtual machines, getting
 * new megabytes from the system may take longer than the work that fills them.
 */
export function collect(): void {
  setFlagsFromString('--expose-gc');
  (runInNewContext('gc') as () => void)();
}

/**
 * Greatest growth of the process's resident memory during `call`, in bytes:
 * arrays, WebAssembly memory and all else. Sampled whenever it calls `sample`
 * (long attention calls report progress every 50 ms or so) and at its end.
 */
export async function peakGrowth(call: (sample: () => void) => Promise<unknown>): Promise<number> {
  collect();
  const before = process.memoryUsage.rss();
  let peak = 0;
  const sample = (): void => {
    peak = Math.max(peak, process.memoryUsage.rss() - before);
  };
  const result = await call(sample);
  sample();
  return result === undefined ? 0 : peak;
}

/**
 * Greatest resident memory of this process, in bytes. Linux counts it anew for every program (`VmHWM`).
 * The number of other systems, and of `getrusage` on Linux, may be that of the parent when it forked.
 */
export function peakResident(): number {
  let status = '';
  try {
    status = readFileSync('/proc/self/status', 'utf8');
  } catch {
    // Not Linux.
  }
  const [, kibibytes] = /^VmHWM:\s*(\d+) kB$/m.exec(status) ?? [];
  return 1024 * Number(kibibytes ?? process.resourceUsage().maxRSS);
}
