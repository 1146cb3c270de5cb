/** A single call of Reformer's LSH attention as a graph. */
import type { Tensors } from '../contract/backend.ts';
import type { Value } from '../graph/builder.ts';
import type { Graph } from '../graph/graph.ts';
import { aBoolean } from '../check/kinds.ts';
import {
  lshAttention,
  LSH_OPERANDS,
  LSH_OPTIONS,
  type LshOperands,
  type LshOptions,
} from '../systems/reformer/lsh-attention.ts';
import type { Tensor } from '../tensor.ts';
import { callGraph, callInputs, type CallKind } from './call.ts';

/** Tensors and options of a call; see `LshOperands` for the shapes. */
export interface LshCall extends LshOperands<Tensor>, LshOptions {
  /** Also return `order` and, where something was hashed, `buckets`, to look at or to give to a later call. */
  readonly returnOrder?: boolean;
}

/** The kind of call. */
export const lshCalls: CallKind<LshCall, LshOperands<Value>> = {
  name: 'lshAttention',
  ...LSH_OPERANDS,
  options: { ...LSH_OPTIONS, returnOrder: aBoolean },
  build(builder, values, { returnOrder = false, ...options }) {
    const { out, lse, buckets, order } = lshAttention(builder, values, options);
    return returnOrder ? { out, lse, buckets, order } : { out, lse };
  },
};

/**
 * The graph of one call: its inputs are named as in the call, its outputs `out`, with `returnLse` `lse`, and with `returnOrder` `order` and
 * `buckets`. Errors: those of `lshAttention`.
 */
export function lshGraph(call: LshCall): Graph {
  return callGraph(lshCalls, call);
}

/** The tensors of a call, as its graph is fed. */
export function lshInputs(call: LshCall): Tensors {
  return callInputs(lshCalls, call);
}
