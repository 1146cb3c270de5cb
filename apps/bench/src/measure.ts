/**
 * Interleaved timing: in every round each task runs once, in turn. So a busy neighbour
 * slows all of them alike, and ratios hold even where absolute times do not.
 */
import { median, quantile } from 'simple-statistics';

/** Something to time. It returns when the work is done. */
export type Task = () => Promise<unknown> | unknown;

/** Milliseconds of a task over all rounds. */
export interface Timing {
  readonly median: number;
  /** Half the distance between the quartiles. */
  readonly spread: number;
  readonly minimum: number;
  readonly samples: readonly number[];
}

/** Times tasks in turn, after one warm-up round. For the ratio of two tasks, use `ratio`. */
export async function interleaved<Name extends string>(
  tasks: Readonly<Record<Name, Task>>,
  rounds: number,
): Promise<Record<Name, Timing>> {
  const names = Object.keys(tasks) as Name[];
  const samples = new Map<Name, number[]>(names.map((name) => [name, []]));
  for (let round = -1; round < rounds; round++) {
    for (const name of names) {
      const start = performance.now();
      await tasks[name]();
      if (round >= 0) samples.get(name)?.push(performance.now() - start);
    }
  }
  return Object.fromEntries(names.map((name) => [name, summarise(samples.get(name) ?? [])])) as Record<
    Name,
    Timing
  >;
}

/** Median over the rounds of a's time over b's time in the same round. */
export function ratio(a: Timing, b: Timing): number {
  return median(a.samples.map((sample, round) => sample / b.samples[round]));
}

/** Median, spread and minimum of samples in milliseconds. */
export function summarise(samples: readonly number[]): Timing {
  const list = [...samples];
  return {
    median: median(list),
    spread: (quantile(list, 0.75) - quantile(list, 0.25)) / 2,
    minimum: Math.min(...list),
    samples,
  };
}
