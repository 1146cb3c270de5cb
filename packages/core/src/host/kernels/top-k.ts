/** The `topK` op of all backends in host memory. */
import { halfToNumber } from '../../util/float16.ts';
import type { Kernel } from '../kernel.ts';
import { inChunks } from './chunks.ts';

/** Up to this many are kept in order while the row is read; more are sorted. */
const MOST_KEPT = 64;

/** The kernel of `topK`. */
export const topK: Kernel<'topK'> = async ({ inputs, outputs, attributes: { k }, context }) => {
  const { shape, data, dtype } = inputs.x;
  const [values, places] = outputs;
  const length = shape[shape.length - 1];
  /** The numbers of a row; NaN as −∞. */
  const numbers = context.scratch('f32', length);
  const chosen = context.scratch('i32', k);
  const toNumber = dtype === 'f16' ? halfToNumber : Number;
  const choose = k <= MOST_KEPT ? keepGreatest : sortGreatest;
  await inChunks(data.length / length, length, context.pause, (from, to) => {
    for (let row = from; row < to; row++) {
      for (let i = 0; i < length; i++) {
        const value = toNumber(data[row * length + i]);
        numbers[i] = value === value ? value : -Infinity;
      }
      choose(numbers, chosen);
      for (let i = 0; i < k; i++) {
        values.data[row * k + i] = data[row * length + chosen[i]];
        places.data[row * k + i] = chosen[i];
      }
    }
  });
};

/** Reads the numbers once, and keeps the places of the greatest so far in order. */
function keepGreatest(numbers: Float32Array, chosen: Int32Array): void {
  let count = 0;
  for (let place = 0; place < numbers.length; place++) {
    const value = numbers[place];
    if (count === chosen.length && !(value > numbers[chosen[count - 1]])) continue;
    let at = count < chosen.length ? count++ : count - 1;
    for (; at > 0 && value > numbers[chosen[at - 1]]; at--) chosen[at] = chosen[at - 1];
    chosen[at] = place;
  }
}

/** Sorts all places. */
function sortGreatest(numbers: Float32Array, chosen: Int32Array): void {
  const order = Int32Array.from(numbers, (_, place) => place).sort((a, b) =>
    numbers[a] === numbers[b] ? a - b : numbers[a] > numbers[b] ? -1 : 1,
  );
  chosen.set(order.subarray(0, chosen.length));
}
