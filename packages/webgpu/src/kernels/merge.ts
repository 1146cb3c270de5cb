/**
 * Merges what several workgroups found for the same queries, each over keys of its own, by their log-sum-exps: the second half of
 * attention of few queries to many keys ("Flash-Decoding", Dao et al. 2023).
 */
import type { KernelSource } from '../device/pipeline-cache.ts';
import { declareBuffers, declareParams, floatAccess, forEachElement, type FloatStorage } from './wgsl.ts';

export const MERGE_PARAMS = {
  /** Elements of the output that the group has. */
  count: 'u32',
  splits: 'u32',
  splitOut: 'u32',
  splitLse: 'u32',
  queryCount: 'u32',
  queryLength: 'u32',
  heads: 'u32',
  valueDim: 'u32',
  hasQueryIndex: 'u32',
  members: 'u32',
  queryIndex: 'u32',
  outBatch: 'u32',
  outHead: 'u32',
  outToken: 'u32',
  outFirst: 'u32',
} as const;

/** The kernel. `parts` [splits, B, H, Nq, Dv] and `partLse` [splits, B, H, Nq]. */
export function mergeKernel(hasLse: boolean, storage: FloatStorage): KernelSource {
  const { type, enable, declaration, suffix, store } = floatAccess(storage);
  return {
    name: `merge${hasLse ? ' lse' : ''}${suffix}`,
    code: `${enable}${declareParams(MERGE_PARAMS)}
${declareBuffers(
  { parts: 'f32', partLse: 'f32', plan: 'u32', out: type, ...(hasLse && { lse: 'f32' }) },
  hasLse ? 2 : 1,
)}
${declaration}
${forEachElement(`  let column = i % params.valueDim;
  let query = (i / params.valueDim) % params.queryCount;
  let member = plan[params.members + i / params.valueDim / params.queryCount];
  var row = query;
  if (params.hasQueryIndex == 1u) { row = plan[params.queryIndex + query]; }
  let at = member * params.queryLength + row;
  var greatest = -3.4028234e38;
  var isNaNRow = false;
  for (var split = 0u; split < params.splits; split++) {
    let value = partLse[split * params.splitLse + at];
    let bits = bitcast<u32>(value);
    if ((bits & 0x7fffffffu) > 0x7f800000u) { isNaNRow = true; }
    if ((bits & 0x7f800000u) != 0x7f800000u) { greatest = max(greatest, value); }
  }
  var total = 0.0;
  var sum = 0.0;
  for (var split = 0u; split < params.splits; split++) {
    let value = partLse[split * params.splitLse + at];
    // −∞: this split saw no key.
    if ((bitcast<u32>(value) & 0x7f800000u) == 0x7f800000u) { continue; }
    let weight = max(exp(value - greatest), 1.2e-38);
    total += weight;
    sum += weight * parts[split * params.splitOut + at * params.valueDim + column];
  }
  let isEmpty = total == 0.0;
  var result = sum / select(total, 1.0, isEmpty);
  // In variables, because constants may not be infinite or NaN.
  let nan = bitcast<f32>(0x7fc00000u | (params.count & 0u));
  let minusInfinity = bitcast<f32>(0xff800000u | (params.count & 0u));
  if (isNaNRow) { result = nan; }
  let place = (member / params.heads) * params.outBatch + (member % params.heads) * params.outHead + row * params.outToken - params.outFirst;
  out[place + column] = ${store('result')};
${
  hasLse
    ? `  if (column == 0u) {
    var value = greatest + log(select(total, 1.0, isEmpty));
    if (isEmpty) { value = minusInfinity; }
    if (isNaNRow) { value = nan; }
    lse[at] = value;
  }`
    : ''
}`)}`,
  };
}
