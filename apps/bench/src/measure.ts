/**
 * Interleaved timing: in every round each candidate runs once, in turn, so that a busy
 * neighbour slows all of them alike and ratios hold even where absolute times do not.
 */
import { median, quantile } from 'simple-statistics';

/** Something to time. Returns when the work is done. */
export type Candidate = () => Promise<unknown> | unknown;

/** Milliseconds of a candidate over all rounds. */
export interface Timing {
  readonly median: number;
  /** Half the distance between the quartiles. */
  readonly spread: number;
  readonly minimum: number;
  readonly samples: readonly number[];
}

/** Times candidates in turn, after one warm-up round. Ratios of two of them should use `ratio`. */
export async function interleaved<Name extends string>(
  candidates: Readonly<Record<Name, Candidate>>,
  rounds: number,
): Promise<Record<Name, Timing>> {
  const names = Object.keys(candidates) as Name[];
  const samples = new Map<Name, number[]>(names.map((name) => [name, []]));
  for (let round = -1; round < rounds; round++) {
    for (const name of names) {
      const start = performance.now();
      await candidates[name]();
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
