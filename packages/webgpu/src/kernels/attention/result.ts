/** What is written when all tiles are done: sums over totals, and the log-sum-exp or what it is made of. */
import { floatAccess, four, unrolled } from '../wgsl.ts';
import { ACROSS, QUERIES, type AttentionOptions } from './options.ts';

/** Writes `sums` and `total` of this invocation's rows. */
export function writeRows(options: AttentionOptions): string {
  return `  total = sumOfRow(total, lane, reach);
  // Whether anyone found a NaN: 1 for each.
  let findings = sumOfRow(vec4f(${four.map((i) => `f32((nanRows >> ${i}u) & 1u)`).join(', ')}), lane, reach);
${unrolled(
  QUERIES,
  (i) => `  if (firstQuery + ty * ${QUERIES}u + ${i}u < params.queryCount) {
${writeRow(options, i)}
  }`,
)}`;
}

function writeRow(options: AttentionOptions, i: number): string {
  const { output, groups } = options;
  const { store } = floatAccess(output);
  return `    let at = outBase + queries[${i}] * params.outToken;
    let isNaNRow = findings[${i}] > 0.0;
    let isEmpty = total[${i}] == 0.0;
    let divisor = select(total[${i}], 1.0, isEmpty);
${unrolled(
  groups,
  (g) => `    var row = sums[${i * groups + g}] / divisor;
    if (isNaNRow) { row = vec4f(nan()); }
    for (var c = 0u; c < 4u; c++) {
      let column = (tx + ${ACROSS * g}u) * 4u + c;
      if (column < params.valueDim) { out[at + column] = ${store('row[c]')}; }
    }`,
)}${writeState(options, i)}`;
}

function writeState({ state }: AttentionOptions, i: number): string {
  switch (state) {
    case undefined:
      return '';
    case 'lse':
      return `
    if (tx == 0u) {
      var value = greatest[${i}] + log(divisor);
      if (isEmpty) { value = minusInfinity(); }
      if (isNaNRow) { value = nan(); }
      lse[stateBase + queries[${i}]] = value;
    }`;
    case 'part':
      return `
    if (tx == 0u) { states[stateBase + queries[${i}]] = vec2f(greatest[${i}], select(total[${i}], nan(), isNaNRow)); }`;
    default:
      return state satisfies never;
  }
}
