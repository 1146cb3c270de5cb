/** Dense attention without a mask, by ONNX Runtime's own operator, which never holds all logits. */
import { kvHeadOf, type AttentionProblem, type NodeOf } from '@attn/core/backend';
import { MICROSOFT } from '../../model/domains.ts';
import type { Name } from '../../model/values.ts';
import type { LoweringContext } from '../context.ts';
import { headsFirst } from './operands.ts';

/**
 * Adds MultiHeadAttention. Each head becomes a batch row with one head, so that nothing is transposed. The
 * result is [B, H, Nq, Dv].
 */
export function emitFused(
  context: LoweringContext,
  node: NodeOf<'attention'>,
  problem: AttentionProblem,
): Name {
  const { main, model } = context;
  const { batch, heads, kvHeads, queryLength, keyLength, headDim, valueDim, scale } = problem;
  const q = main.reshape(headsFirst(context, node.inputs.q, problem), [batch * heads, queryLength, headDim]);
  /** Keys or values as [B·H, Nk, dim], repeated where heads share them. */
  const forEachHead = (name: 'k' | 'v', dim: number): Name => {
    const own = headsFirst(context, node.inputs[name], problem);
    if (kvHeads === heads) return main.reshape(own, [batch * heads, keyLength, dim]);
    const kvHeadOfHead = Array.from({ length: heads }, (_, head) => kvHeadOf(problem, head));
    return main.reshape(main.op('Gather', [own, model.integers(kvHeadOfHead)], { axis: 1 }), [
      batch * heads,
      keyLength,
      dim,
    ]);
  };
  const inputs = [q, forEachHead('k', headDim), forEachHead('v', valueDim)];
  const out = main.op('MultiHeadAttention', inputs, { num_heads: 1, scale: { float: scale } }, MICROSOFT);
  return main.reshape(out, [batch, heads, queryLength, valueDim]);
}
