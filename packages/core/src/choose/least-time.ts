/** Timing for calibration: what a task takes when nothing disturbs it. */
import { clock as hostClock } from '../async/clock.ts';
import { AttnError } from '../errors.ts';
import { workClock } from './work-clock.ts';

/** How to look. */
export interface LeastTimeOptions {
  /** Milliseconds of some clock. Default: the wall's. */
  readonly clock?: () => number;
  /** The time is found when so many samples in a row were no better. Default 4. */
  readonly patience?: number;
  /** Milliseconds of work after which looking ends in any case, once there were three samples. Default 16. */
  readonly most?: number;
}

/**
 * Milliseconds of a sample, at least, and steps of a clock that was seen to stand still: Windows counts work
 * in steps of 16 ms.
 */
const SAMPLE = 1;
const STEPS = 4;

/** Samples closer together than this are equally good. */
const BETTER = 0.97;

/** How many times as many runs are tried at most when a sample was too short. */
const MORE = 10;

/**
 * A clock that has not moved after so many runs, or so many milliseconds of work, stands still: no clock's
 * step is as long.
 */
export const MOST_STILL_RUNS = 1000;
export const MOST_STILL_MS = 500;

/**
 * The least milliseconds of a run. The first run is not counted, which compiles what it needs. Errors:
 * `INTERNAL` when the clock stands still.
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
    const taken = clock() - from;
    // A clock that was set back says as little as one that stands still.
    if (!(taken > 0)) {
      if (runs >= MOST_STILL_RUNS || workClock() - moved > MOST_STILL_MS) throw standsStill();
      stoodStill = true;
      runs *= MORE;
      continue;
    }
    moved = workClock();
    if (stoodStill && shortest === SAMPLE) shortest = STEPS * taken;
    if (taken < shortest) {
      runs = Math.ceil(runs * Math.min(MORE, (1.1 * shortest) / taken));
      continue;
    }
    sample += 1;
    since = taken / runs < BETTER * least ? 0 : since + 1;
    least = Math.min(least, taken / runs);
  }
  return least;
}

/** What a task takes, which is repeated at once until a clock has moved. */
export interface Repeated {
  readonly runs: number;
  readonly milliseconds: number;
}

/**
 * So often is repeated what takes some hundredths of a millisecond: for longer than the step of any clock.
 */
const MOST_REPEATS = 5000;

/**
 * Does a short task again and again until so many milliseconds have passed. Errors: `INTERNAL` when the clock
 * stands still.
 */
export function repeatFor(milliseconds: number, task: () => void, clock: () => number): Repeated {
  const start = clock();
  for (let runs = 1; runs <= MOST_REPEATS; runs++) {
    task();
    const taken = clock() - start;
    if (taken >= milliseconds) return { runs, milliseconds: taken };
  }
  throw standsStill();
}

function standsStill(): AttnError {
  return new AttnError('INTERNAL', 'core/select', 'the clock stands still');
}
