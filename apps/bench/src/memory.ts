/** How much array memory a call takes at its worst, beyond what was there before. */
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';

/** Collects garbage now, so that what is measured next is not what was left over before. */
function collect(): void {
  setFlagsFromString('--expose-gc');
  (runInNewContext('gc') as () => void)();
}

/**
 * Greatest growth of array memory during `call`, in bytes, sampled whenever it calls `sample` (long attention calls report
 * progress every 50 ms or so).
 */
export async function peakArrayBytes(call: (sample: () => void) => Promise<unknown>): Promise<number> {
  collect();
  const before = process.memoryUsage().arrayBuffers;
  let peak = 0;
  const sample = (): void => {
    peak = Math.max(peak, process.memoryUsage().arrayBuffers - before);
  };
  await call(sample);
  sample();
  return peak;
}
