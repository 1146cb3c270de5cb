/**
 * The `lshHash` op. The bucket of a token in a round is the index of the largest of its products with
 * rotations and of their negatives.
 */
import { lshHashProblem, rowStrides, type Kernel } from '@attn/core/backend';
import { readFloats } from '../floats.ts';

/** Number of operations between two pauses. */
const PAUSE_AFTER = 2 ** 18;

/** The kernel of `lshHash`. */
export const lshHash: Kernel<'lshHash'> = async ({ inputs, attributes, outputs, context }) => {
  const problem = lshHashProblem(inputs, attributes);
  const { batch, heads, length, headDim, rounds, width, factors, bucketCount, layout } = problem;
  const { batch: perBatch, head: perHead } = problem.rotationStrides;
  const x = readFloats(inputs.x);
  const rotations = readFloats(inputs.rotations);
  const mask = inputs.keyMask?.data;
  const rows = rowStrides(layout, heads, length, headDim);
  const columns = rounds * width;
  const scores = new Float64Array(columns);
  const out = outputs[0].data;
  const tokensAtOnce = Math.max(1, Math.floor(PAUSE_AFTER / (headDim * columns)));

  for (let b = 0; b < batch; b++) {
    for (let h = 0; h < heads; h++) {
      const rotation = b * perBatch + h * perHead;
      for (let i = 0; i < length; i++) {
        if (i % tokensAtOnce === 0) {
          const pausing = context.pause();
          if (pausing) await pausing;
        }
        const row = b * rows.batch + h * rows.head + i * rows.row;
        scores.fill(0);
        for (let d = 0; d < headDim; d++) {
          const value = x[row + d];
          const from = rotation + d * columns;
          for (let c = 0; c < columns; c++) scores[c] += value * rotations[from + c];
        }
        const isHidden = mask?.[b * length + i] === 0;
        for (let r = 0; r < rounds; r++) {
          const bucket = isHidden ? bucketCount : bucketOf(scores, r * width, factors);
          out[((b * heads + h) * rounds + r) * length + i] = bucket;
        }
      }
    }
  }
};

/** The bucket of a token in a round, from its scores, which begin at `first`. */
function bucketOf(scores: Float64Array, first: number, factors: readonly number[]): number {
  let bucket = 0;
  let unit = 1;
  let from = first;
  for (const factor of factors) {
    const half = factor / 2;
    let best = 0;
    let largest = -Infinity;
    for (let c = 0; c < half; c++) {
      if (scores[from + c] > largest) [best, largest] = [c, scores[from + c]];
    }
    for (let c = 0; c < half; c++) {
      if (-scores[from + c] > largest) [best, largest] = [half + c, -scores[from + c]];
    }
    bucket += unit * best;
    unit *= factor;
    from += half;
  }
  return bucket;
}
