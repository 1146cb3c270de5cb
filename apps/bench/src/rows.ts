/** Cells of tables, from results of a contest. */
import type { Result } from './contest/contest.ts';
import { ratio } from './measure.ts';

/** Median milliseconds, or the reason why there are none. */
export function ms(result: Result): number | string {
  return result.failed === undefined ? result.timing.median : `fails: ${shortened(result.failed)}`;
}

/** Half the distance between the quartiles, in milliseconds. */
export function spread(result: Result): number | string {
  return result.failed === undefined ? result.timing.spread : '';
}

/** Time of a over time of b, by rounds. */
export function times(a: Result, b: Result): number | string {
  return a.failed === undefined && b.failed === undefined ? ratio(a.timing, b.timing) : '';
}

/** 10⁹ operations a second. */
export function gflops(result: Result, flops: number): number | string {
  return result.failed === undefined ? flops / result.timing.median / 1e6 : '';
}

/** A share, or an empty cell when a part is missing. */
export function share(part: number | string, whole: number): number | string {
  return typeof part === 'number' ? part / whole : '';
}

/** The end of a long reason, where the cause usually is. */
function shortened(reason: string): string {
  return reason.length <= 60 ? reason : `…${reason.slice(-40)}`;
}
