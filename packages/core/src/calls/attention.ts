/** A single attention call as a graph of one node. */
import type { Tensors } from '../contract/backend.ts';
import { AttnError, show } from '../errors.ts';
import type { Value } from '../graph/builder.ts';
import type { Graph } from '../graph/graph.ts';
import { attentionHint } from '../ops/attention/mask-words.ts';
import {
  ATTENTION_ATTRIBUTES,
  ATTENTION_OPTIONAL,
  ATTENTION_REQUIRED,
  type AttentionAttributes,
  type AttentionInputs,
} from '../ops/attention/spec.ts';
import { full } from '../patterns/full.ts';
import type { Tensor } from '../tensor.ts';
import { debugMaskLikeBias } from './mask-like-bias.ts';
import { callGraph, callInputs, type CallKind } from './call.ts';

/** Tensors and options of a call; see `AttentionInputs` for the shapes. The pattern defaults to `full()`. */
export interface AttentionCall extends AttentionInputs<Tensor>, Partial<AttentionAttributes> {}

/** Refuses options of other libraries with the name that they have here. */
function checkMaskNames(call: AttentionCall): void {
  for (const name of Object.keys(call)) {
    const instead = attentionHint(name);
    if (instead === undefined) continue;
    throw new AttnError('INVALID_ARGUMENT', 'core/attention', `there is no option ${show(name)}; ${instead}`);
  }
}

/** The kind of call. */
export const attentionCalls: CallKind<AttentionCall, AttentionInputs<Value>> = {
  name: 'attention',
  required: ATTENTION_REQUIRED,
  optional: ATTENTION_OPTIONAL,
  options: ATTENTION_ATTRIBUTES,
  check: checkMaskNames,
  remark: ({ bias }) => debugMaskLikeBias(bias),
  build: (builder, values, { pattern = full(), scale, queryOffset, softcap, layout, returnLse }) =>
    builder.attention(values, { pattern, scale, queryOffset, softcap, layout, returnLse }),
};

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
