/** Progress reports that cost next to nothing: at most one every 50 ms, and always the last. */
import { clock } from './clock.ts';
import type { Progress } from '../contract/backend.ts';

/**
 * Wraps a listener so that it can be called after every unit of work. The listener must not throw:
 * `withCallbacks` returns such ones.
 */
export function throttleProgress(
  listener: ((progress: Progress) => void) | undefined,
  interval = 50,
): ((progress: Progress) => void) | undefined {
  if (listener === undefined) return undefined;
  let reported = clock.now();
  return (progress) => {
    const now = clock.now();
    if (now - reported < interval && progress.done < progress.total) return;
    reported = now;
    listener(progress);
  };
}
