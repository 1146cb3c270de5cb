/** One step of the online softmax: a tile's weights go to shared memory, and what was summed before is scaled to the new maximum. */
import { unrolled } from '../wgsl.ts';
import type { AttentionOptions } from './options.ts';

/** From `logits` and `tileGreatest` to `weights`, `total` and `greatest`. */
export function weighTile({ groups }: AttentionOptions): string {
  return `      weights[lane] = tileGreatest;
      workgroupBarrier();
      for (var x = 0u; x < 16u; x++) { tileGreatest = max(tileGreatest, weights[ty * 16u + x]); }
      tileGreatest = max(tileGreatest, greatest);
      // Never 0, so that what is infinite stays so.
      let shrink = max(exp(greatest - tileGreatest), vec4f(LEAST));
      greatest = tileGreatest;
      total *= shrink;
      workgroupBarrier();
${unrolled(
  4,
  (i) => `        for (var g = 0u; g < ${groups}u; g++) { sums[${i} * ${groups}u + g] *= shrink[${i}]; }
        var weight = max(exp(logits[${i}] - greatest[${i}]), vec4f(LEAST));
        for (var j = 0u; j < 4u; j++) { if (isOdd(logits[${i}][j])) { weight[j] = 0.0; } }
        total[${i}] += weight.x + weight.y + weight.z + weight.w;
        weights[(ty * 4u + ${i}) * 16u + tx] = weight;`,
)}`;
}
