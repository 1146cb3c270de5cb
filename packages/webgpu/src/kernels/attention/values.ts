/** The weighted sum of a tile's values. */
import { four, unrolled } from '../wgsl.ts';
import { stageVectors, valueRows, type AttentionOptions } from './options.ts';

/** Adds `weights` · values to `sums`. */
export function addValues({ rows, groups }: AttentionOptions): string {
  const threads = rows * 4;
  const valueDepth = valueRows(groups);
  return `      // The weighted sum of the values.
      for (var start = 0u; start < 64u; start += ${valueDepth}u) {
        workgroupBarrier();
        if (lane == 0u) { atomicStore(&oddValues, 0u); }
        workgroupBarrier();
        for (var s = lane; s < ${valueDepth}u * valueVectors; s += ${threads}u) {
          let value = load_v(vBase + keyRow(tile * 64u + start + s / valueVectors) * params.vToken, s % valueVectors);
          stage[s] = value;
          if (anyOdd(value)) { atomicStore(&oddValues, 1u); }
        }
        workgroupBarrier();
        let areOdd = atomicLoad(&oddValues) != 0u;
        for (var key = 0u; key < ${valueDepth / 4}u; key++) {
${unrolled(
  groups,
  (g) => `          let column = tx + 16u * ${g};
${four.map((j) => `          let value${j} = stage[min((key * 4u + ${j}u) * valueVectors + column, ${stageVectors(rows, groups) - 1}u)];`).join('\n')}
${unrolled(
  4,
  (i) => `            let weight = weights[(ty * 4u + ${i}) * 16u + start / 4u + key];
            let at = ${i} * ${groups}u + ${g};
            if (areOdd) {
${four.map((j) => `              if (weight[${j}] > 0.0) { sums[at] += weight[${j}] * value${j}; }`).join('\n')}
            } else {
              sums[at] += ${four.map((j) => `weight[${j}] * value${j}`).join(' + ')};
            }`,
)}`,
)}
        }
      }`;
}
