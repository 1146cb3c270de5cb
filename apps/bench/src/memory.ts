/** How much memory a call takes at its worst, beyond what was there before. */
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';

/** Collects garbage now, so that what is measured next is not what was left over before. */
function collect(): void {
  setFlagsFromString('--expose-gc');
  (runInNewContext('gc') as () => void)();
}

/**
 * Greatest growth of the process's resident memory during `call`, in bytes: arrays, WebAssembly memory and all else. Sampled
 * whenever it calls `sample` (long attention calls report progress every 50 ms or so) and at its end.
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
