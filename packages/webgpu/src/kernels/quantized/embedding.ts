/** Rows of a table of codes, and bytes that are packed into words: one invocation for each element. */
import type { KernelSource } from '../../device/pipeline-cache.ts';
import { declareBuffers, declareParams, forEachElement } from '../wgsl.ts';
import { codeBuffers, codeSuffix, declareWeights, type CodeLayout } from './codes.ts';

/** Parameters of `quantizedEmbeddingKernel`: a table of `extent` rows of `dim` numbers. */
export const QUANTIZED_EMBEDDING_PARAMS = {
  count: 'u32',
  dim: 'u32',
  extent: 'u32',
  block: 'u32',
  blocks: 'u32',
  blockBytes: 'u32',
} as const;

/** y [ids, dim]: scale · (code − zero point), or the half. An id out of bounds reads the last row. */
export function quantizedEmbeddingKernel(layout: CodeLayout): KernelSource {
  return {
    name: `quantizedEmbedding${codeSuffix(layout)}`,
    code: `${declareParams(QUANTIZED_EMBEDDING_PARAMS)}
${declareBuffers({ ids: 'u32', ...codeBuffers(layout), y: 'f32' })}
${declareWeights(layout)}
${forEachElement(`  let row = min(ids[i / params.dim], params.extent - 1u);
  y[i] = weightAt(row, i % params.dim);`)}`,
  };
}

/** Parameters of `packBytesKernel`: words of the result, and bytes that there are. */
export const PACK_BYTES_PARAMS = { count: 'u32', bytes: 'u32' } as const;

/** y = the bytes of x, each of which takes a word, four to a word. */
export function packBytesKernel(): KernelSource {
  return {
    name: 'packBytes',
    code: `${declareParams(PACK_BYTES_PARAMS)}
${declareBuffers({ x: 'u32', y: 'u32' })}
${forEachElement(`  var word = 0u;
  for (var j = 0u; j < min(4u, params.bytes - 4u * i); j++) { word |= x[4u * i + j] << (8u * j); }
  y[i] = word;`)}`,
  };
}
