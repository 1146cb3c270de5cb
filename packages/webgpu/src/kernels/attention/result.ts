/** What is written when all tiles are done: sums over totals, and the log-sum-exp. */
import { floatAccess, range, unrolled } from '../wgsl.ts';
import { divisionOf, type AttentionOptions } from './options.ts';
import { ofRow } from './rows.ts';

/** Writes `sums` and `total` of this invocation's rows. */
export function writeRows(options: AttentionOptions): string {
  const { queries } = divisionOf(options);
  return `  total = sumOfRow(total, lane, reach);
  // Whether anyone found a NaN: 1 for each.
  var findings = rowsOf(0.0);
${range(queries)
  .map((i) => `  ${ofRow('findings', i)} = f32((nanRows >> ${i}u) & 1u);`)
  .join('\n')}
  findings = sumOfRow(findings, lane, reach);
${unrolled(
  queries,
  (i) => `  if (firstQuery + ty * ${queries}u + ${i}u < params.queryCount) {
${writeRow(options, i)}
  }`,
)}`;
}

function writeRow(options: AttentionOptions, i: number): string {
  const { output, hasLse } = options;
  const { across, columns } = divisionOf(options);
  const { store } = floatAccess(output);
  const lse = `
    if (tx == 0u) {
      var value = ${ofRow('greatest', i)} + log(divisor);
      if (isEmpty) { value = minusInfinity(); }
      if (isNaNRow) { value = nan(); }
      lse[lseBase + queries[${i}]] = value;
    }`;
  return `    let at = outBase + queries[${i}] * params.outToken;
    let isNaNRow = ${ofRow('findings', i)} > 0.0;
    let isEmpty = ${ofRow('total', i)} == 0.0;
    let divisor = select(${ofRow('total', i)}, 1.0, isEmpty);
${unrolled(
  columns,
  (g) => `    var row = sums[${i * columns + g}] / divisor;
    if (isNaNRow) { row = vec4f(nan()); }
    for (var c = 0u; c < 4u; c++) {
      let column = (tx + ${across * g}u) * 4u + c;
      if (column < params.valueDim) { out[at + column] = ${store('row[c]')}; }
    }`,
)}${hasLse ? lse : ''}`;
}
