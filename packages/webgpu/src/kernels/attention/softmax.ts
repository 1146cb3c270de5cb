/** One step of the online softmax: a tile's weights go to shared memory, and what was summed before is scaled to the new maximum. */
import { range, unrolled } from '../wgsl.ts';
import { ACROSS, QUERIES, type AttentionOptions } from './options.ts';

/** From `logits` and `tileGreatest` to `weights`, `total` and `greatest`. */
export function weighTile({ groups }: AttentionOptions): string {
  return `      let next = max(greatestOfRow(tileGreatest, lane, reach), greatest);
      // Never 0, so that what is infinite stays so.
      let shrink = max(exp(greatest - next), vec4f(LEAST));
      greatest = next;
      total *= shrink;
${unrolled(
  QUERIES,
  (i) => `${range(groups)
    .map((g) => `        sums[${i * groups + g}] *= shrink[${i}];`)
    .join('\n')}
        let seen = max(exp(logits[${i}] - greatest[${i}]), vec4f(LEAST));
        let weight = select(seen, vec4f(), areOdd(logits[${i}]));
        total[${i}] += weight.x + weight.y + weight.z + weight.w;
        weights[(ty * ${QUERIES}u + ${i}u) * ${ACROSS}u + tx] = weight;`,
)}`;
}
