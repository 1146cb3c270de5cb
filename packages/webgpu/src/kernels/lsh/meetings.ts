/**
 * Finds the chunk and bucket of each token of LSH attention in each round, which say whether two tokens meet
 * there.
 */
import type { KernelSource } from '../../device/pipeline-cache.ts';
import { declareBuffers, declareParams, forEachElement } from '../wgsl.ts';

/** Parameters of `meetingsKernel`. */
export const MEETINGS_PARAMS = {
  count: 'u32',
  length: 'u32',
  /** Tokens of a chunk. */
  slots: 'u32',
  /** The first row of `order`. */
  firstRow: 'u32',
} as const;

/**
 * The kernel that writes `meetings` [rows, tokens]: each token's chunk, and its bucket, or 0 without buckets.
 */
export function meetingsKernel({ hasBuckets }: { readonly hasBuckets: boolean }): KernelSource {
  return {
    name: `meetings${hasBuckets ? ' buckets' : ''}`,
    code: `${declareParams(MEETINGS_PARAMS)}
${declareBuffers({ order: 'u32', ...(hasBuckets && { buckets: 'u32' }), meetings: 'vec2u' })}
${forEachElement(`  let row = i / params.length;
  let from_ = (params.firstRow + row) * params.length;
  let token = min(order[from_ + i % params.length], params.length - 1u);
  let chunk = (i % params.length) / params.slots;
  meetings[row * params.length + token] = vec2u(chunk, ${hasBuckets ? 'buckets[from_ + token]' : '0u'});`)}`,
  };
}
