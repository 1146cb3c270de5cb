/**
 * Long computations that can be interrupted: a generator that stops for breath about every millisecond. Run
 * to the end at once with `finish`, or with pauses in which the event loop turns and an abort arrives with
 * `finishPolitely`.
 */
import type { Pause } from './pause.ts';

/** A computation of a T in small steps. */
export type Steps<T> = Generator<undefined, T, undefined>;

/** The result, without a pause. */
export function finish<T>(steps: Steps<T>): T {
  for (;;) {
    const step = steps.next();
    if (step.done) return step.value;
  }
}

/** The result, with pauses between the steps. Throws what `pause` throws: `ABORTED`. */
export async function finishPolitely<T>(steps: Steps<T>, pause: Pause): Promise<T> {
  for (;;) {
    const step = steps.next();
    if (step.done) return step.value;
    const pausing = pause();
    if (pausing) await pausing;
  }
}
