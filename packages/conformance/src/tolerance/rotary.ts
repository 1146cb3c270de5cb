/** The error bound of `rotary`. */
import { references, type ReferenceTensor } from '@attn/core/reference';
import { gamma } from './rounding.ts';
import type { ErrorRule } from './rule.ts';

/**
 * Each number is the sum of two products, so its error is at most γ₂ · (|x·cos| + |y·sin|). Of magnitudes,
 * the op gives |x·cos| − |y·sin| for the first of a pair, and the sum for the second. With −|sin| the first
 * gets the sum.
 */
export const rotaryError: ErrorRule<'rotary'> = ({ x, cos, sin }, attributes) => {
  const sizes = [1, -1].map(
    (sign) =>
      references.rotary({ x: scaled(x, 1), cos: scaled(cos, 1), sin: scaled(sin, sign) }, attributes)[0].data,
  );
  return [sizes[0].map((size, i) => gamma(2) * Math.max(size, sizes[1][i]))];
};

function scaled({ shape, data }: ReferenceTensor, sign: number): ReferenceTensor {
  return { shape, data: data.map((value) => sign * Math.abs(value)) };
}
