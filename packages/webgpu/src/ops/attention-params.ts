/**
 * Parameters of the attention kernel: sizes and strides of a call, and the arrays of a plan's group as one
 * table.
 */
import {
  broadcastStrides,
  inputSpecs,
  type AttentionProblem,
  type NodeOf,
  type PlanGroup,
} from '@attn/core/backend';
import type { ProgramContext } from '../graph/context.ts';
import { DeviceTable } from '../graph/dispatch.ts';
import type { BiasParams, CallParams, PlanOffsets } from '../kernels/attention/tiles/plan.wgsl.ts';

/** All arrays of a group and the extents of tables one after another, and where each begins. */
export function planTable(
  { block, members }: PlanGroup,
  extents: readonly number[],
): [DeviceTable, PlanOffsets] {
  const { queryIndex, keyIndex, rowStart, spanColumn, spanTiles, spanMask, masks } = block;
  const tableExtents = Uint32Array.from(extents);
  const parts = {
    members,
    queryIndex,
    keyIndex,
    rowStart,
    spanColumn,
    spanTiles,
    spanMask,
    masks,
    tableExtents,
  };
  const size = Object.values(parts).reduce((sum, part) => sum + (part?.length ?? 0), 0);
  const words = new Uint32Array(size);
  const offsets: Record<string, number> = {};
  let at = 0;
  for (const [name, part] of Object.entries(parts)) {
    offsets[name] = at;
    if (part === undefined) continue;
    words.set(new Uint32Array(part.buffer, part.byteOffset, part.length), at);
    at += part.length;
  }
  return [new DeviceTable(words), offsets as PlanOffsets];
}

/** Sizes of a call, and strides in its layout. */
export function callParams(problem: AttentionProblem): CallParams {
  const { heads, kvHeads, queryLength, keyLength, headDim, valueDim, layout } = problem;
  const { queryOffset, scale, softcap = 0 } = problem;
  const strides = (count: number, length: number, dim: number): [number, number, number] =>
    layout === 'bhnd' ? [count * length * dim, length * dim, dim] : [count * length * dim, dim, count * dim];
  const [qBatch, qHead, qToken] = strides(heads, queryLength, headDim);
  const [kBatch, kHead, kToken] = strides(kvHeads, keyLength, headDim);
  const [vBatch, vHead, vToken] = strides(kvHeads, keyLength, valueDim);
  const [outBatch, outHead, outToken] = strides(heads, queryLength, valueDim);
  return {
    headDim,
    valueDim,
    queryLength,
    heads,
    headsPerKv: heads / kvHeads,
    queryOffset,
    scale,
    softcap,
    qBatch,
    qHead,
    qToken,
    kBatch,
    kHead,
    kToken,
    vBatch,
    vHead,
    vToken,
    outBatch,
    outHead,
    outToken,
  };
}

/** Sizes and strides of the biases of a call; 0 for those that it has not. */
export function biasParams(
  { graph }: ProgramContext,
  node: NodeOf<'attention'>,
  { batch, heads, queryLength, keyLength }: AttentionProblem,
): BiasParams {
  const { alibiSlopes, relativeBias, bias } = inputSpecs(graph, node);
  const [biasBatch, biasHead, biasQuery, biasKey] =
    bias === undefined ? [0, 0, 0, 0] : broadcastStrides(bias.shape, [batch, heads, queryLength, keyLength]);
  return {
    slopeBatch: alibiSlopes?.shape.length === 2 ? heads : 0,
    radius: relativeBias === undefined ? 0 : (relativeBias.shape[1] - 1) / 2,
    biasBatch,
    biasHead,
    biasQuery,
    biasKey,
  };
}
