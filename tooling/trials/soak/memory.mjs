// Whether memory stays as it is: samples over time, and how much the last ones have grown over those before.
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { setTimeout as wait } from 'node:timers/promises';

setFlagsFromString('--expose-gc');
const collect = runInNewContext('globalThis.gc');
const MB = 2 ** 20;

/**
 * The memory in use, in MiB, after a garbage collection. `resident` is the memory of the process for the
 * system.
 */
export async function sampleMemory() {
  for (let i = 0; i < 3; i++) {
    collect();
    await wait(1); // finalizers run
  }
  const { heapUsed, external, rss } = process.memoryUsage();
  return { used: (heapUsed + external) / MB, resident: rss / MB };
}

/**
 * By how many MiB the least of the last third of the samples is above that of the second third; the first
 * third warms up. The least counts, because calls run while samples are taken, and allocators keep freed
 * memory for a while.
 */
export function growth(samples, key) {
  const third = Math.floor(samples.length / 3);
  const least = (index) =>
    Math.min(...samples.slice(index * third, (index + 1) * third).map((sample) => sample[key]));
  return third === 0 ? 0 : least(2) - least(1);
}
