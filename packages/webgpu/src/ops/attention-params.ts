/** Parameters of the attention kernel: sizes and strides of a call, and the arrays of a plan's group as one table. */
import {
  broadcastStrides,
  inputSpecs,
  type AttentionProblem,
  type NodeOf,
  type PlanGroup,
} from '@attn/core/backend';
import type { ProgramContext } from '../graph/context.ts';
import { DeviceTable } from '../graph/dispatch.ts';
import type { ATTENTION_PARAMS } from '../kernels/attention/params.ts';
import type { Params } from '../kernels/wgsl.ts';

type Told = Params<typeof ATTENTION_PARAMS>;

type PlanOffsets = Pick<
  Told,
  'members' | 'queryIndex' | 'keyIndex' | 'rowStart' | 'spanColumn' | 'spanTiles' | 'spanMask' | 'masks'
>;

type BiasParams = Pick<Told, 'slopeBatch' | 'radius' | 'biasBatch' | 'biasHead' | 'biasQuery' | 'biasKey'>;

/** What differs from dispatch to dispatch. */
type DispatchParams = Pick<
  Told,
  | 'queryCount'
  | 'keyCount'
  | 'hasQueryIndex'
  | 'hasKeyIndex'
  | 'firstMember'
  | 'firstBlock'
  | 'splits'
  | 'splitOut'
  | 'splitStates'
  | 'qFirst'
  | 'kFirst'
  | 'vFirst'
  | 'outFirst'
>;

type SizeParams = Omit<Told, keyof PlanOffsets | keyof BiasParams | keyof DispatchParams>;

/** All arrays of a group one after another, and where each begins. */
export function planTable({ block, members }: PlanGroup): [DeviceTable, PlanOffsets] {
  const { queryIndex, keyIndex, rowStart, spanColumn, spanTiles, spanMask, masks } = block;
  const parts = { members, queryIndex, keyIndex, rowStart, spanColumn, spanTiles, spanMask, masks };
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

/** Sizes, and strides in the call's layout. */
export function sizeParams({
  heads,
  kvHeads,
  queryLength,
  keyLength,
  headDim,
  valueDim,
  queryOffset,
  scale,
  softcap = 0,
  layout,
}: AttentionProblem): SizeParams {
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
    keyLength,
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
