/**
 * Long work in small steps: a generator that yields about every millisecond, so that its caller may let the
 * event loop turn.
 */

/** A computation of a T in small steps. */
export type Steps<T> = Generator<undefined, T, undefined>;

/** Characters that a loop handles between two yields. */
export const STRIDE = 8_192;

/** The result, without a pause. */
export function finish<T>(steps: Generator<unknown, T, undefined>): T {
  for (;;) {
    const step = steps.next();
    if (step.done) return step.value;
  }
}
