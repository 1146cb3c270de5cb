/**
 * A run is an arithmetic progression of positions. Planning works on runs instead of cells: any order of the
 * tokens consists of few runs, and a pattern can answer for a whole run at once.
 */

/** A run of `count` positions: `start`, `start + step`, …; `count ≥ 1`, `step ≥ 1`. */
export interface Run {
  readonly start: number;
  readonly step: number;
  readonly count: number;
}

/**
 * The last position of a run, for `classify` of a pattern of your own.
 *
 * @example
 * last({ start: 10, step: 2, count: 3 }); // 14
 */
export function last(run: Run): number {
  return run.start + run.step * (run.count - 1);
}

/** The greatest common divisor; `gcd(0, a) = |a|`. */
export function gcd(a: number, b: number): number {
  a = Math.abs(a);
  b = Math.abs(b);
  while (b !== 0) [a, b] = [b, a % b];
  return a;
}

/**
 * The mathematical remainder, in [0, m); never −0, which `%` gives for negative multiples.
 *
 * @example
 * mod(-1, 4); // 3, where -1 % 4 is -1
 */
export function mod(a: number, m: number): number {
  const r = a % m;
  return r < 0 ? r + m : r + 0;
}

/** The smallest run that contains all of these runs; it may contain more. `runs` is not empty. */
export function hull(runs: readonly Run[]): Run {
  if (runs.length === 1) return runs[0];
  let low = Infinity;
  let high = -Infinity;
  let step = 0;
  const origin = runs[0].start;
  for (const run of runs) {
    low = Math.min(low, run.start);
    high = Math.max(high, last(run));
    step = gcd(step, run.start - origin);
    if (run.count > 1) step = gcd(step, run.step);
  }
  if (step === 0) step = 1;
  return { start: low, step, count: (high - low) / step + 1 };
}

/** Cuts a list of positions into maximal runs, greedily, keeping the order; positions within a run ascend. */
export function runsOf(positions: ArrayLike<number>, from = 0, to: number = positions.length): Run[] {
  const runs: Run[] = [];
  let i = from;
  while (i < to) {
    const start = positions[i];
    const step = i + 1 < to ? positions[i + 1] - start : 1;
    if (step < 1) {
      runs.push({ start, step: 1, count: 1 });
      i += 1;
      continue;
    }
    let count = 1;
    while (i + count < to && positions[i + count] === start + count * step) count += 1;
    // A pair with an odd step usually is the end of one run and the start of the next.
    if (count === 2 && step > 1 && i + 2 < to && positions[i + 2] === positions[i + 1] + 1) count = 1;
    runs.push({ start, step: count === 1 ? 1 : step, count });
    i += count;
  }
  return runs;
}
