/**
 * Merges the rounds of LSH attention. A token that saw no other in any round gets its own value. Rounds that
 * do not fit into memory together are merged in batches: the result of a batch, together with the batches
 * before it, is one more part for the next batch.
 */
import type { KernelSource } from '../../device/pipeline-cache.ts';
import { MERGE_PARTS } from '../merge.ts';
import { declareBuffers, declareParams, floatAccess, forEachElement, type FloatStorage } from '../wgsl.ts';

/** Parameters of `mergeRoundsKernel`. */
export const MERGE_ROUNDS_PARAMS = {
  /** Number of elements of a part. */
  count: 'u32',
  /** How many parts are merged, and where the first of them begins. */
  parts: 'u32',
  firstOut: 'u32',
  firstState: 'u32',
  splitOut: 'u32',
  splitStates: 'u32',
  /** Whether the result is a part for the next batch, and where it begins. */
  isPart: 'u32',
  targetOut: 'u32',
  targetState: 'u32',
  firstMember: 'u32',
  heads: 'u32',
  length: 'u32',
  valueDim: 'u32',
  /** Strides of v and out. */
  outBatch: 'u32',
  outHead: 'u32',
  outToken: 'u32',
} as const;

/** The buffers that a call has, and how v and out are stored. */
export interface MergeRoundsOptions {
  readonly hasMask: boolean;
  readonly hasLse: boolean;
  readonly storage: FloatStorage;
}

/** Names and element types of the buffers, in the order of their bindings. */
export function mergeRoundsBuffers({
  hasMask,
  hasLse,
  storage,
}: MergeRoundsOptions): Readonly<Record<string, string>> {
  const { type } = floatAccess(storage);
  return {
    v: type,
    ...(hasMask && { mask: 'u32' }),
    parts: 'f32',
    states: 'vec2f',
    out: type,
    ...(hasLse && { lse: 'f32' }),
  };
}

/**
 * The kernel. `parts` [parts, members, tokens, valueDim] and `states` [parts, members, tokens] of two floats.
 * Grid: `elementGrid(count)`.
 */
export function mergeRoundsKernel(options: MergeRoundsOptions): KernelSource {
  const { hasMask, hasLse, storage } = options;
  const { enable, declaration, suffix, load, store } = floatAccess(storage);
  return {
    name: `mergeRounds${hasMask ? ' mask' : ''}${hasLse ? ' lse' : ''}${suffix}`,
    code: `${enable}${declareParams(MERGE_ROUNDS_PARAMS)}
${declareBuffers(mergeRoundsBuffers(options), hasLse ? 4 : 3)}
${declaration}${MERGE_PARTS}
${forEachElement(`  let column = i % params.valueDim;
  let row = i / params.valueDim;
  let token = row % params.length;
  let member = params.firstMember + row / params.length;
  var merged = mergeParts(params.parts, params.firstState + row, params.splitStates, params.firstOut + i, params.splitOut);
  if (params.isPart == 1u) {
    parts[params.targetOut + i] = merged.value;
    if (column == 0u) { states[params.targetState + row] = vec2f(merged.greatest, merged.total); }
    return;
  }
  let batch = member / params.heads;
  let place = batch * params.outBatch + (member % params.heads) * params.outHead + token * params.outToken + column;
  if (merged.total == 0.0) { merged.value = ${load('v[place]')}; }
${
  hasMask
    ? `  if (mask[batch * params.length + token] == 0u) {
    merged.value = 0.0;
    merged.total = 0.0;
  }
`
    : ''
}  out[place] = ${store('merged.value')};
${hasLse ? '  if (column == 0u) { lse[member * params.length + token] = lseOf(merged); }' : ''}`)}`,
  };
}
