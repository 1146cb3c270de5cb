/** Which keys a run hides from a few queries, as an input of the model. */
import { f32, type AttentionPlan } from '@attn/core';
import {
  forEachTile,
  inputSpecs,
  maskAllows,
  planTensors,
  TILE,
  type AttentionProblem,
  type NodeOf,
} from '@attn/core/backend';
import type { Name } from '../../model/values.ts';
import type { LoweringContext } from '../context.ts';

/**
 * Adds the input, [B, 1, Nq, Nk] of −∞ for hidden pairs and 0, and the feed that fills it in for each run.
 * All heads see the same, because the data of a run hides tokens from all of them.
 */
export function hiddenInput(
  { main, graph, plans, planFeeds }: LoweringContext,
  node: NodeOf<'attention'>,
  problem: AttentionProblem,
): Name {
  const shape = [problem.batch, 1, problem.queryLength, problem.keyLength];
  const name = main.input('hidden', { dtype: 'f32', shape });
  let last: { readonly plan: AttentionPlan; readonly cells: Float32Array } | undefined;
  planFeeds.push({
    feeds: async (inputs) => {
      const data = planTensors(graph, node, inputs);
      const { plan } = plans.plan(inputSpecs(graph, node), node.attributes, data);
      if (last?.plan !== plan) last = { plan, cells: hiddenCells(problem, plan) };
      return { [name]: f32(shape, last.cells) };
    },
  });
  return name;
}

/** [B · Nq · Nk]: 0 for the pairs that a plan allows in the first head, else −∞. */
export function hiddenCells(
  { batch, heads, queryLength, keyLength }: AttentionProblem,
  { groups }: AttentionPlan,
): Float32Array {
  const cells = new Float32Array(batch * queryLength * keyLength).fill(-Infinity);
  for (const { block, members } of groups) {
    const { queryIndex, keyIndex, queryCount, keyCount, masks } = block;
    for (const member of members) {
      if (member % heads !== 0) continue;
      for (let virtual = 0; virtual < queryCount; virtual++) {
        const query = queryIndex?.[virtual] ?? virtual;
        const at = ((member / heads) * queryLength + query) * keyLength;
        forEachTile(block, Math.floor(virtual / TILE), (column, mask) => {
          const end = Math.min(keyCount, (column + 1) * TILE);
          for (let key = column * TILE; key < end; key++) {
            if (mask !== undefined && !maskAllows(masks, mask, virtual % TILE, key % TILE)) continue;
            cells[at + (keyIndex?.[key] ?? key)] = 0;
          }
        });
      }
    }
  }
  return cells;
}
