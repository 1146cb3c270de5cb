/** The clock of calibration: what it reads must not depend on what other processes do meanwhile. */
import { clock } from '../async/clock.ts';
import { runtime } from '../util/runtime.ts';

/**
 * Milliseconds from an unknown start on: of the processor time that all threads of this process have taken, where the host tells it
 * (Node, Bun, Deno), so that a busy machine looks no slower; elsewhere of the wall clock. Not for work that threads share.
 */
export function workClock(): number {
  const usage = runtime().process?.cpuUsage?.();
  return usage === undefined ? clock.now() : (usage.user + usage.system) / 1000;
}
