// Whether memory stays as it is: samples over time, and how much the later half has grown over the earlier.
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { setTimeout as wait } from 'node:timers/promises';

setFlagsFromString('--expose-gc');
const collect = runInNewContext('globalThis.gc');
const MB = 2 ** 20;

/** What is in use, in MiB, after everything that can be was collected. `resident` is the process as the system sees it. */
export async function sampleMemory() {
  for (let i = 0; i < 3; i++) {
    collect();
    await wait(1); // finalizers run
  }
  const { heapUsed, external, rss } = process.memoryUsage();
  return { used: (heapUsed + external) / MB, resident: rss / MB };
}

const median = (values) => values.toSorted((a, b) => a - b)[Math.floor(values.length / 2)];

/** By how many MiB the last third of the samples is above the second third; the first third warms up. */
export function growth(samples, key) {
  const third = Math.floor(samples.length / 3);
  const part = (index) =>
    median(samples.slice(index * third, (index + 1) * third).map((sample) => sample[key]));
  return third === 0 ? 0 : part(2) - part(1);
}
