/**
 * Refuses impossible results of calibration: a clock that stands still or is set, or a machine that sleeps,
 * gives speeds that no machine has.
 */
import { AttnError, show } from '../errors.ts';

/**
 * No machine is so many times faster or slower than the one that a backend's constants are from, not even one
 * that interprets JavaScript.
 */
const FARTHEST = 1000;

/** Whether a measured number is within `farthest` times that of the reference machine. */
export function isPlausible(value: unknown, reference: number, farthest: number = FARTHEST): value is number {
  return typeof value === 'number' && value > reference / farthest && value < reference * farthest;
}

/** Returns a plausible number. Errors: `INTERNAL` for any other; the built-in constants then count. */
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
