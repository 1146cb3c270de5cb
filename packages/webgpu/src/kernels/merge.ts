/**
 * Merges the results of several workgroups for the same queries, each over keys of its own: the second half
 * of attention of few queries to many keys ("Flash-Decoding", Dao et al. 2023).
 */
import type { KernelSource } from '../device/pipeline-cache.ts';
import {
  declareBuffers,
  declareParams,
  floatAccess,
  forEachElement,
  LOWEST,
  type FloatStorage,
} from './wgsl.ts';

/** Parameters of `mergeKernel`. */
export const MERGE_PARAMS = {
  /** Elements of the output that the dispatch writes. */
  count: 'u32',
  splits: 'u32',
  splitOut: 'u32',
  splitStates: 'u32',
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

/**
 * Declares `mergeParts`, which merges one element of the output out of `count` parts. In the buffer `states`,
 * the states of the parts begin at `firstState` and are `stepState` apart; in `parts`, their elements begin
 * at `first` and are `step` apart. A state is the greatest logit of the row, and the sum of the weights
 * relative to it: 0 where the row saw no key, NaN where it has no softmax. A log-sum-exp could not take its
 * place: beside a large logit, float32 rounds the logarithm of the sum off.
 */
export const MERGE_PARTS: string = `
struct Merged { value: f32, greatest: f32, total: f32 }

fn isNotANumber(x: f32) -> bool { return (bitcast<u32>(x) & 0x7fffffffu) > 0x7f800000u; }

fn mergeParts(count: u32, firstState: u32, stepState: u32, first: u32, step: u32) -> Merged {
  var greatest = ${LOWEST};
  var isNaNRow = false;
  for (var part = 0u; part < count; part++) {
    let state = states[firstState + part * stepState];
    if (isNotANumber(state.y)) { isNaNRow = true; }
    if (state.y != 0.0) { greatest = max(greatest, state.x); }
  }
  var total = 0.0;
  var sum = 0.0;
  for (var part = 0u; part < count; part++) {
    let state = states[firstState + part * stepState];
    if (state.y == 0.0) { continue; }
    let weight = max(exp(state.x - greatest), 1.2e-38) * state.y;
    total += weight;
    sum += weight * parts[first + part * step];
  }
  // From a value of run time, because constants may not be NaN.
  let nan = bitcast<f32>(0x7fc00000u | (params.count & 0u));
  if (isNaNRow) { return Merged(nan, greatest, nan); }
  if (total == 0.0) { return Merged(0.0, greatest, 0.0); }
  return Merged(sum / total, greatest, total);
}

fn lseOf(merged: Merged) -> f32 {
  if (isNotANumber(merged.total)) { return merged.total; }
  if (merged.total == 0.0) { return bitcast<f32>(0xff800000u | (params.count & 0u)); }
  return merged.greatest + log(merged.total);
}`;

/** How the output is stored, and whether a log-sum-exp is written. */
export interface MergeOptions {
  readonly hasLse: boolean;
  readonly storage: FloatStorage;
}

/** Names and element types of the buffers, in the order of their bindings. */
export function mergeBuffers({ hasLse, storage }: MergeOptions): Readonly<Record<string, string>> {
  const out = floatAccess(storage).type;
  return { parts: 'f32', states: 'vec2f', plan: 'u32', out, ...(hasLse && { lse: 'f32' }) };
}

/**
 * The kernel. `parts` [splits, B, H, Nq, Dv] and `states` [splits, B, H, Nq] of two floats. Grid:
 * `elementGrid(count)`.
 */
export function mergeKernel(options: MergeOptions): KernelSource {
  const { hasLse, storage } = options;
  const { enable, declaration, suffix, store } = floatAccess(storage);
  return {
    name: `merge${hasLse ? ' lse' : ''}${suffix}`,
    code: `${enable}${declareParams(MERGE_PARAMS)}
${declareBuffers(mergeBuffers(options), hasLse ? 2 : 1)}
${declaration}${MERGE_PARTS}
${forEachElement(`  let column = i % params.valueDim;
  let query = (i / params.valueDim) % params.queryCount;
  let member = plan[params.members + i / params.valueDim / params.queryCount];
  var row = query;
  if (params.hasQueryIndex == 1u) { row = plan[params.queryIndex + query]; }
  let at = member * params.queryLength + row;
  let merged = mergeParts(params.splits, at, params.splitStates, at * params.valueDim + column, params.splitOut);
  let place = (member / params.heads) * params.outBatch + (member % params.heads) * params.outHead + row * params.outToken - params.outFirst;
  out[place + column] = ${store('merged.value')};
${hasLse ? '  if (column == 0u) { lse[at] = lseOf(merged); }' : ''}`)}`,
  };
}
