/** A single attention call as a graph of one node. */
import type { Tensors } from '../backend.ts';
import { AttnError, show } from '../errors.ts';
import type { Value } from '../graph/builder.ts';
import type { Graph } from '../graph/graph.ts';
import {
  ATTENTION_ATTRIBUTES,
  ATTENTION_OPTIONAL,
  ATTENTION_REQUIRED,
  type AttentionAttributes,
  type AttentionInputs,
} from '../ops/attention/spec.ts';
import { MASKS } from '../ops/attention/infer.ts';
import { full } from '../patterns/full.ts';
import type { Tensor } from '../tensor.ts';
import { callGraph, callInputs, type CallKind } from './call.ts';

/** Tensors and options of a call; see `AttentionInputs` for the shapes. The pattern defaults to `full()`. */
export interface AttentionCall extends AttentionInputs<Tensor>, Partial<AttentionAttributes> {}

/** The kind of call. */
export const attentionCalls: CallKind<AttentionCall, AttentionInputs<Value>> = {
  name: 'attention',
  required: ATTENTION_REQUIRED,
  optional: ATTENTION_OPTIONAL,
  options: ATTENTION_ATTRIBUTES,
  check: checkForeignNames,
  build: (builder, values, { pattern = full(), scale, queryOffset, softcap, layout, returnLse }) =>
    builder.attention(values, { pattern, scale, queryOffset, softcap, layout, returnLse }),
};

/** Names that other libraries have for what is said in another way here. Throws `INVALID_ARGUMENT`. */
function checkForeignNames(call: AttentionCall): void {
  for (const name of Object.keys(call)) {
    const isMask = /^(attn|attention)?_?mask$/i.test(name);
    if (!isMask && !/^(is_?)?causal$/i.test(name)) continue;
    const message = `there is no option ${show(name)}; ${isMask ? MASKS : 'use pattern: causal()'}`;
    throw new AttnError('INVALID_ARGUMENT', 'core/attention', message);
  }
}

/**
 * The graph of one call: its inputs are named as in the call, its outputs `out` and, with `returnLse`, `lse`. Only
 * dtypes and shapes of the tensors matter. Options of the run are ignored. Errors: those of attention's `infer`.
 */
export function attentionGraph(call: AttentionCall): Graph {
  return callGraph(attentionCalls, call);
}

/** The tensors of a call, as its graph is fed. */
export function attentionInputs(call: AttentionCall): Tensors {
  return callInputs(attentionCalls, call);
}
