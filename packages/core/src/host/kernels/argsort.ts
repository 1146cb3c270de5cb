/** The sort of all backends in host memory: stable, and linear in the number of elements. */
import type { Kernel } from '../kernel.ts';

/** About this many elements are sorted between two pauses. */
const PAUSE_AFTER = 2 ** 16;

/** Bits of a digit of the general sort. */
const DIGIT = 16;

/** The kernel of `argsort`. */
export const argsort: Kernel<'argsort'> = async ({ inputs, outputs, context }) => {
  const { shape, data } = inputs.x;
  const out = outputs[0].data as Int32Array;
  const length = shape[shape.length - 1];
  let since = 0;
  for (let at = 0; at < data.length; at += length) {
    sortRow(data.subarray(at, at + length), out.subarray(at, at + length));
    since += length;
    if (since < PAUSE_AFTER) continue;
    since = 0;
    const pausing = context.pause();
    if (pausing) await pausing;
  }
};

/** Writes the places of a row into `order`, sorted by their values. */
function sortRow(values: ArrayLike<number>, order: Int32Array): void {
  let least = Infinity;
  let most = -Infinity;
  for (let i = 0; i < values.length; i++) {
    least = Math.min(least, values[i]);
    most = Math.max(most, values[i]);
  }
  const range = most - least + 1;
  for (let i = 0; i < order.length; i++) order[i] = i;
  if (range <= Math.max(4 * values.length, 2 ** DIGIT)) {
    sortByDigit(order.slice(), order, range, (i) => values[i] - least);
    return;
  }
  // Least significant digit first: each sort is stable.
  const first = new Int32Array(order.length);
  sortByDigit(order, first, 2 ** DIGIT, (i) => (values[i] - least) % 2 ** DIGIT);
  sortByDigit(first, order, 2 ** DIGIT, (i) => Math.floor((values[i] - least) / 2 ** DIGIT));
}

/** Sorts places by a digit in [0, digits): a stable counting sort. */
function sortByDigit(
  from: Int32Array,
  to: Int32Array,
  digits: number,
  digitOf: (place: number) => number,
): void {
  const ends = new Uint32Array(digits + 1);
  for (let i = 0; i < from.length; i++) ends[digitOf(from[i]) + 1] += 1;
  for (let digit = 0; digit < digits; digit++) ends[digit + 1] += ends[digit];
  for (let i = 0; i < from.length; i++) to[ends[digitOf(from[i])]++] = from[i];
}
