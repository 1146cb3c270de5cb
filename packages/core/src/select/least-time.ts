/** Timing for calibration: what a task takes when nothing disturbs it. */
import { AttnError } from '../errors.ts';

/** How to look. */
export interface LeastTimeOptions {
  /** Milliseconds of some clock. Default: the wall's. */
  readonly clock?: () => number;
  /** The time is found when so many samples in a row were no better. Default 4. */
  readonly patience?: number;
  /** Milliseconds of work after which looking ends in any case, once there were three samples. Default 16. */
  readonly most?: number;
}

/** Milliseconds of a sample, at least, and steps of a clock that was seen to stand still: Windows counts work in steps of 16 ms. */
const SAMPLE = 1;
const STEPS = 4;

/** Samples closer together than this are equally good. */
const BETTER = 0.97;

/** How many times as many runs are tried at most when a sample was too short. */
const MORE = 10;

/** So many runs are too short for any clock. */
const MOST_RUNS = 1e6;

/**
 * The least milliseconds of a run. The first run is not counted, which compiles what it needs. Errors: `INTERNAL` when the clock stands
 * still.
 */
export async function leastTime(
  task: () => Promise<unknown>,
  { clock = () => performance.now(), patience = 4, most = 16 }: LeastTimeOptions = {},
): Promise<number> {
  await task();
  const start = clock();
  let least = Infinity;
  let runs = 1;
  let shortest = SAMPLE;
  let stoodStill = false;
  for (let sample = 0, since = 0; since < patience && (sample < 3 || clock() - start < most);) {
    const from = clock();
    for (let run = 0; run < runs; run++) await task();
    const taken = clock() - from;
    if (stoodStill && taken > 0 && shortest === SAMPLE) shortest = STEPS * taken;
    stoodStill ||= taken === 0;
    if (taken < shortest) {
      if (runs >= MOST_RUNS) throw new AttnError('INTERNAL', 'core/select', 'the clock stands still');
      runs = Math.ceil(runs * Math.min(MORE, (1.1 * shortest) / taken));
      continue;
    }
    sample += 1;
    since = taken / runs < BETTER * least ? 0 : since + 1;
    least = Math.min(least, taken / runs);
  }
  return least;
}
