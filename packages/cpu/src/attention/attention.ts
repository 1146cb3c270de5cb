/**
 * The attention kernel walks the plan: a plan has groups of heads of batch rows, a group has row blocks of 64
 * queries, a row block has tiles. The arithmetic of a tile is in `row-block.ts`. Time follows the number of
 * tiles, and scratch memory is a few tiles, whatever the lengths.
 */
import { type AttentionPlan, type Tensor } from '@attn/core';
import {
  kvHeadOf,
  TILE,
  type AttentionProblem,
  type Kernel,
  type KernelCall,
  type PlanCache,
} from '@attn/core/backend';
import { readFloats, writeFloats } from '../floats.ts';
import { headRows, type Heads } from './gather.ts';
import { logitTerms } from './logits.ts';
import { addTile, beginRowBlock, endRowBlock, rowBlockScratch, tilesOf, type HeadWork } from './row-block.ts';
import { TileCache } from './tile-cache.ts';

/** Makes the kernel; its calls share a store of plans. */
export function attentionKernel(plans: PlanCache): Kernel<'attention'> {
  return async (call) => {
    const { inputs, attributes, context } = call;
    const { problem, plan } = await plans.planPolitely(inputs, attributes, inputs, context.pause);
    const { heads, queryLength, valueDim, layout } = problem;
    const [outTensor, lseTensor] = call.outputs;
    const out = writeFloats(outTensor);
    const lse = lseTensor && writeFloats(lseTensor);
    // Rows that no group lists keep these numbers: they see no key.
    out.data.fill(0);
    lse?.data.fill(-Infinity);
    const outHeads: Heads = { data: out.data, layout, heads, length: queryLength, dim: valueDim };
    const lseHeads: Heads | undefined = lse && {
      data: lse.data,
      layout: 'bhnd',
      heads,
      length: queryLength,
      dim: 1,
    };
    await runPlan(call, problem, plan, outHeads, lseHeads);
    out.done();
    lse?.done();
  };
}

async function runPlan(
  { inputs, context }: KernelCall<'attention'>,
  problem: AttentionProblem,
  plan: AttentionPlan,
  out: Heads,
  lse: Heads | undefined,
): Promise<void> {
  const { heads, headDim, valueDim, scale } = problem;
  const columns = Math.max(0, ...plan.groups.map(({ block }) => Math.ceil(block.keyCount / TILE)));
  const tiles = new TileCache(headDim, valueDim, columns);
  const scratch = rowBlockScratch(headDim, valueDim);
  const terms = logitTerms(problem, inputs);
  const local = operandsOf(problem, inputs, '');
  const global = inputs.qGlobal ? operandsOf(problem, inputs, 'Global') : local;
  let done = 0;

  for (const { block, members, projection } of plan.groups) {
    const { q, k, v } = projection === 'global' ? global : local;
    for (const member of members) {
      const batchRow = Math.floor(member / heads);
      const head = member % heads;
      const kvHead = kvHeadOf(problem, head);
      const queries = headRows(q, batchRow, head);
      const { keyIndex, keyCount } = block;
      const source = {
        keys: headRows(k, batchRow, kvHead),
        values: headRows(v, batchRow, kvHead),
        keyIndex,
        keyCount,
      };
      const work: HeadWork = { batchRow, head, block, queries, source, tiles, terms, scale };
      const outRows = headRows(out, batchRow, head);
      const lseRows = lse && headRows(lse, batchRow, head);

      for (let rowBlock = 0; rowBlock < block.rowStart.length - 1; rowBlock++) {
        const rows = beginRowBlock(work, rowBlock, scratch);
        for (const tile of tilesOf(block, rowBlock)) {
          addTile(work, tile, rows, scratch);
          context.onProgress?.({ done: ++done, total: plan.stats.tiles, unit: 'tiles' });
          const pausing = context.pause();
          if (pausing) await pausing;
        }
        endRowBlock(rows, outRows, lseRows, scratch);
      }
    }
  }
}

/** Queries, keys and values of one projection. */
interface Operands {
  readonly q: Heads;
  readonly k: Heads;
  readonly v: Heads;
}

/** Reads the operands q, k and v or, with the suffix, qGlobal, kGlobal and vGlobal. */
function operandsOf(
  problem: AttentionProblem,
  inputs: Readonly<Record<string, Tensor>>,
  suffix: '' | 'Global',
): Operands {
  const { heads, kvHeads, queryLength, keyLength, headDim, valueDim, layout } = problem;
  const read = (name: string): Float32Array => readFloats(inputs[name + suffix]);
  return {
    q: { data: read('q'), layout, heads, length: queryLength, dim: headDim },
    k: { data: read('k'), layout, heads: kvHeads, length: keyLength, dim: headDim },
    v: { data: read('v'), layout, heads: kvHeads, length: keyLength, dim: valueDim },
  };
}
