/** Timing for calibration: what a task takes when nothing disturbs it. */

/** How to look. */
export interface LeastTimeOptions {
  /** Milliseconds of some clock. Default: the wall's. */
  readonly clock?: () => number;
  /** The time is found when so many samples in a row were no better. Default 4. */
  readonly patience?: number;
  /** Milliseconds of work after which looking ends in any case, once there were three samples. Default 16. */
  readonly most?: number;
}

/** Milliseconds of a sample, at least: clocks are coarse. */
const SAMPLE = 1;

/** Samples closer together than this are equally good. */
const BETTER = 0.97;

/** The least milliseconds of a run. The first run is not counted, which compiles what it needs. */
export async function leastTime(
  task: () => Promise<unknown>,
  { clock = () => performance.now(), patience = 4, most = 16 }: LeastTimeOptions = {},
): Promise<number> {
  await task();
  const start = clock();
  let least = Infinity;
  let runs = 1;
  for (let sample = 0, since = 0; since < patience && (sample < 3 || clock() - start < most); sample++) {
    const from = clock();
    for (let run = 0; run < runs; run++) await task();
    const taken = clock() - from;
    since = taken / runs < BETTER * least ? 0 : since + 1;
    least = Math.min(least, taken / runs);
    if (taken < SAMPLE) runs = Math.ceil((runs * SAMPLE) / Math.max(0.01, taken));
  }
  return least;
}
