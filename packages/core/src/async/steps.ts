/**
 * Long computations that can be interrupted: generators that yield about every millisecond. `finish` runs one
 * to its end at once; `finishPolitely` pauses in between, so that the event loop turns and an abort arrives.
 */
import type { Pause } from './pause.ts';

/** A computation of a value in small steps. */
export type Steps<T> = Generator<undefined, T, undefined>;

/** Runs a computation to its end without a pause, and returns its result. */
export function finish<T>(steps: Steps<T>): T {
  for (;;) {
    const step = steps.next();
    if (step.done) return step.value;
  }
}

/** Runs a computation to its end with pauses, and returns its result. Errors: those of `pause`. */
export async function finishPolitely<T>(steps: Steps<T>, pause: Pause): Promise<T> {
  for (;;) {
    const step = steps.next();
    if (step.done) return step.value;
    const pausing = pause();
    if (pausing) await pausing;
  }
}
