/**
 * Whether what calibration found can be: a clock that stands still or is set, or a machine that sleeps, makes
 * numbers that no machine has.
 */
import { AttnError, show } from '../errors.ts';

/**
 * No machine is so many times as fast or as slow as the one that a backend's constants are from, not even one
 * that interprets JavaScript.
 */
const FARTHEST = 1000;

/**
 * Whether a measured number is as near to that of the reference machine as any machine's: within `farthest`
 * times.
 */
export function isPlausible(value: unknown, reference: number, farthest: number = FARTHEST): value is number {
  return typeof value === 'number' && value > reference / farthest && value < reference * farthest;
}

/** The number, if it can be. Errors: `INTERNAL`, after which the constants that are built in count. */
export function plausible(
  value: number,
  reference: number,
  where: string,
  farthest: number = FARTHEST,
): number {
  if (isPlausible(value, reference, farthest)) return value;
  const message = `expected a speed within ${farthest} times that of a usual machine, ${show(reference)}, got ${show(value)}`;
  throw new AttnError('INTERNAL', where, message);
}
