/** What is written when all tiles are done: sums over totals, and the log-sum-exp. */
import { floatAccess } from '../wgsl.ts';
import type { AttentionOptions } from './options.ts';

/** Writes `sums` and `total` of this invocation's rows. */
export function writeRows({ groups, output, hasLse }: AttentionOptions): string {
  const { store } = floatAccess(output);
  return `  // All rows' totals, and whether anyone found a NaN: 1 for each in a second pass.
  weights[lane] = total;
  workgroupBarrier();
  total = vec4f();
  for (var x = 0u; x < 16u; x++) { total += weights[ty * 16u + x]; }
  workgroupBarrier();
  weights[lane] = select(vec4f(), vec4f(1.0), rowIsNaN);
  workgroupBarrier();
  var findings = vec4f();
  for (var x = 0u; x < 16u; x++) { findings += weights[ty * 16u + x]; }
  for (var i = 0u; i < 4u; i++) {
    if (firstQuery + ty * 4u + i >= params.queryCount) { break; }
    let at = group.z * params.splitOut + batch * params.outBatch + head * params.outHead + queries[i] * params.outToken;
    let isNaNRow = findings[i] > 0.0;
    let isEmpty = total[i] == 0.0;
    let divisor = select(total[i], 1.0, isEmpty);
    for (var g = 0u; g < ${groups}u; g++) {
      var row = sums[i * ${groups}u + g] / divisor;
      if (isNaNRow) { row = vec4f(nan()); }
      for (var c = 0u; c < 4u; c++) {
        let column = (tx + 16u * g) * 4u + c;
        if (column < params.valueDim) { out[at + column] = ${store('row[c]')}; }
      }
    }
${
  hasLse
    ? `    if (tx == 0u) {
      var value = greatest[i] + log(divisor);
      if (isEmpty) { value = minusInfinity(); }
      if (isNaNRow) { value = nan(); }
      lse[group.z * params.splitLse + (batch * params.heads + head) * params.queryLength + queries[i]] = value;
    }`
    : ''
}
  }`;
}
