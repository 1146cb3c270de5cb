/** One step of the online softmax: a tile's weights go to shared memory, and what was summed before is scaled to the new maximum. */
import { range, unrolled } from '../wgsl.ts';
import { divisionOf, type AttentionOptions } from './options.ts';
import { ofRow } from './rows.ts';

/** From `logits` and `tileGreatest` to `weights`, `total` and `greatest`. */
export function weighTile(options: AttentionOptions): string {
  const { queries, keyVectors, across, columns } = divisionOf(options);
  return `      tileGreatest = greatestOfRow(tileGreatest, lane, reach);
      var shrink: Rows;
${unrolled(
  queries / 4,
  (h) => `        let next = max(tileGreatest[${h}], greatest[${h}]);
        // Never 0, so that what is infinite stays so.
        shrink[${h}] = max(exp(greatest[${h}] - next), vec4f(LEAST));
        greatest[${h}] = next;
        total[${h}] *= shrink[${h}];`,
)}
${unrolled(
  queries,
  (i) => `${range(columns)
    .map((g) => `        sums[${i * columns + g}] *= ${ofRow('shrink', i)};`)
    .join('\n')}
${unrolled(
  keyVectors,
  (h) => `        let logit = logits[${i * keyVectors + h}];
        let seen = max(exp(logit - ${ofRow('greatest', i)}), vec4f(LEAST));
        let weight = select(seen, vec4f(), areOdd(logit));
        ${ofRow('total', i)} += weight.x + weight.y + weight.z + weight.w;
        weights[(ty * ${queries}u + ${i}u) * 16u + tx + ${across * h}u] = weight;`,
)}`,
)}`;
}
