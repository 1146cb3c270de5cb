/** Dense attention without any mask: ONNX Runtime has one operator for it, which never holds all logits. */
import { kvHeadOf, type AttentionProblem, type NodeOf } from '@attn/core/backend';
import { MICROSOFT } from '../../model/domains.ts';
import type { Name } from '../../model/model-builder.ts';
import type { LoweringContext } from '../context.ts';
import { headsFirst } from './operands.ts';

/** Every head is a batch row of one head, so that nothing is transposed. The result is [B, H, Nq, Dv]. */
export function emitFused(
  context: LoweringContext,
  node: NodeOf<'attention'>,
  problem: AttentionProblem,
): Name {
  const { main, model } = context;
  const { batch, heads, kvHeads, queryLength, keyLength, headDim, valueDim, scale } = problem;
  const q = main.reshape(headsFirst(context, node.inputs.q, problem), [batch * heads, queryLength, headDim]);
  const spread = (name: 'k' | 'v', dim: number): Name => {
    const own = headsFirst(context, node.inputs[name], problem);
    if (kvHeads === heads) return main.reshape(own, [batch * heads, keyLength, dim]);
    const each = Array.from({ length: heads }, (_, head) => kvHeadOf(problem, head));
    return main.reshape(main.op('Gather', [own, model.integers(each)], { axis: 1 }), [
      batch * heads,
      keyLength,
      dim,
    ]);
  };
  const inputs = [q, spread('k', headDim), spread('v', valueDim)];
  const out = main.op('MultiHeadAttention', inputs, { num_heads: 1, scale: { float: scale } }, MICROSOFT);
  return main.reshape(out, [batch, heads, queryLength, valueDim]);
}
