/** The clock of calibration, which must not depend on what other processes do. */
import { clock } from '../async/clock.ts';
import { runtime } from '../util/runtime.ts';

/**
 * Milliseconds since an unknown start: the processor time of all threads of this process where the host tells
 * it (Node, Bun, Deno), so that a busy machine seems no slower; elsewhere the wall clock. Not for work that
 * several threads share.
 */
export function workClock(): number {
  const usage = runtime().process?.cpuUsage?.();
  return usage === undefined ? clock.now() : (usage.user + usage.system) / 1000;
}
