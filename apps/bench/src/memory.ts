/** How much memory a call takes at its worst, beyond what was there before. */
import { readFileSync } from 'node:fs';
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';

/**
 * Collects garbage now, so that what is measured next is not what was left over
 * before, and finds memory that was used: on virtual machines, megabytes that
 * the system has yet to find may take longer than the work that fills them.
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
 * Greatest resident memory that this process has had, in bytes. Linux counts
 * it anew for every program (`VmHWM`); the number that other systems give,
 * and `getrusage` on Linux too, may be what the parent had when it forked.
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
