/** Defines `lshHash`: one token at a time, in float64. */
import { rowStrides } from '../attention/spec.ts';
import type { NamedReferences, ReferenceTensor } from '../op.ts';
import { emptyReference } from '../reference-tensor.ts';
import { lshHashProblem, type LshHashAttributes } from './spec.ts';

/** Computes the buckets: Σᵢ argmax([xRᵢ; −xRᵢ]) · f₀ · … · fᵢ₋₁. */
export function lshHashReference(inputs: NamedReferences, attributes: LshHashAttributes): [ReferenceTensor] {
  const { batch, heads, length, headDim, rounds, width, factors, bucketCount, layout, rotationStrides } =
    lshHashProblem(inputs, attributes);
  const { x, rotations, keyMask } = inputs;
  const rows = rowStrides(layout, heads, length, headDim);
  const out = emptyReference([batch, heads, rounds, length]);

  const score = (b: number, h: number, r: number, i: number, column: number): number => {
    const row = b * rows.batch + h * rows.head + i * rows.row;
    const rotation = b * rotationStrides.batch + h * rotationStrides.head + r * width + column;
    let sum = 0;
    for (let d = 0; d < headDim; d++) sum += x.data[row + d] * rotations.data[rotation + d * rounds * width];
    return sum;
  };

  for (let b = 0; b < batch; b++) {
    for (let h = 0; h < heads; h++) {
      for (let r = 0; r < rounds; r++) {
        for (let i = 0; i < length; i++) {
          let bucket = 0;
          let column = 0;
          let unit = 1;
          for (const factor of factors) {
            const scores = Array.from({ length: factor / 2 }, (_, c) => score(b, h, r, i, column + c));
            bucket += unit * firstLargest([...scores, ...scores.map((value) => -value)]);
            column += factor / 2;
            unit *= factor;
          }
          const hidden = keyMask?.data[b * length + i] === 0;
          out.data[((b * heads + h) * rounds + r) * length + i] = hidden ? bucketCount : bucket;
        }
      }
    }
  }
  return [out];
}

/** The index of the largest number, the first of equal ones. NaN is never larger. */
function firstLargest(values: readonly number[]): number {
  let best = 0;
  let largest = -Infinity;
  values.forEach((value, index) => {
    if (value > largest) [best, largest] = [index, value];
  });
  return best;
}
