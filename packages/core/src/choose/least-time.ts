/** Timing for calibration: how long a task takes when nothing disturbs it. */
import { clock as hostClock } from '../async/clock.ts';
import { AttnError } from '../errors.ts';
import { workClock } from './work-clock.ts';

/** How `leastTime` measures. */
export interface LeastTimeOptions {
  /** A clock in milliseconds. Default: the wall clock. */
  readonly clock?: () => number;
  /** Stops after so many samples in a row that are no better. Default 4. */
  readonly patience?: number;
  /** Stops after so many milliseconds of work, but not before three samples. Default 16. */
  readonly most?: number;
}

/** The least milliseconds of a sample. */
const SAMPLE = 1;

/** The least steps of a clock in a sample, once the clock stood still. On Windows a step is 16 ms. */
const STEPS = 4;

/** Samples closer together than this are equally good. */
const BETTER = 0.97;

/** A sample that was too short is tried with at most so many times as many runs. */
const MORE = 10;

/** A clock that did not move for so many runs, or milliseconds of work, stands still: no step is as long. */
export const MOST_STILL_RUNS = 1000;
export const MOST_STILL_MS = 500;

/**
 * Measures the least milliseconds of a run. The first run, which compiles what it needs, does not count.
 * Errors: `INTERNAL` when the clock stands still.
 */
export async function leastTime(
  task: () => Promise<unknown>,
  { clock = hostClock.now, patience = 4, most = 16 }: LeastTimeOptions = {},
): Promise<number> {
  await task();
  const start = clock();
  let least = Infinity;
  let runs = 1;
  let shortest = SAMPLE;
  let stoodStill = false;
  let moved = workClock();
  for (let sample = 0, since = 0; since < patience && (sample < 3 || clock() - start < most);) {
    const from = clock();
    for (let run = 0; run < runs; run++) await task();
    const elapsed = clock() - from;
    // A clock that was set back says as little as one that stands still.
    if (!(elapsed > 0)) {
      if (runs >= MOST_STILL_RUNS || workClock() - moved > MOST_STILL_MS) throw standsStill();
      stoodStill = true;
      runs *= MORE;
      continue;
    }
    moved = workClock();
    if (stoodStill && shortest === SAMPLE) shortest = STEPS * elapsed;
    if (elapsed < shortest) {
      runs = Math.ceil(runs * Math.min(MORE, (1.1 * shortest) / elapsed));
      continue;
    }
    sample += 1;
    since = elapsed / runs < BETTER * least ? 0 : since + 1;
    least = Math.min(least, elapsed / runs);
  }
  return least;
}

/** How often `repeatFor` ran a task, and how long that took. */
export interface Repeated {
  readonly runs: number;
  readonly milliseconds: number;
}

/** A task of some hundredths of a millisecond then takes longer than the step of any clock. */
const MOST_REPEATS = 5000;

/** Repeats a short task for so many milliseconds. Errors: `INTERNAL` when the clock stands still. */
export function repeatFor(milliseconds: number, task: () => void, clock: () => number): Repeated {
  const start = clock();
  for (let runs = 1; runs <= MOST_REPEATS; runs++) {
    task();
    const elapsed = clock() - start;
    if (elapsed >= milliseconds) return { runs, milliseconds: elapsed };
  }
  throw standsStill();
}

function standsStill(): AttnError {
  return new AttnError('INTERNAL', 'core/run', 'the clock stands still');
}
