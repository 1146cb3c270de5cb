/**
 * The chunk and the bucket of each token in each round of LSH attention, by which kernels see in which rounds
 * two tokens meet.
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
 * The kernel. For each row of `order` it writes a row of `meetings` [rows, tokens]: the chunk of each token,
 * and its bucket, or 0 without buckets. Grid: `elementGrid(count)`.
 */
export function meetingsKernel({ hasBuckets }: { readonly hasBuckets: boolean }): KernelSource {
  return {
    name: `meetings${hasBuckets ? ' buckets' : ''}`,
    code: `${declareParams(MEETINGS_PARAMS)}
${declareBuffers({ order: 'u32', ...(hasBuckets && { buckets: 'u32' }), meetings: 'vec2u' })}
${forEachElement(`  let row = i / params.length;
  let first = (params.firstRow + row) * params.length;
  let token = min(order[first + i % params.length], params.length - 1u);
  let chunk = (i % params.length) / params.slots;
  meetings[row * params.length + token] = vec2u(chunk, ${hasBuckets ? 'buckets[first + token]' : '0u'});`)}`,
  };
}
