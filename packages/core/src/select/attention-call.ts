/** A single attention call as a graph of one node. */
import type { Tensors } from '../backend.ts';
import { AttnError, show } from '../errors.ts';
import { GraphBuilder, type Value } from '../graph/builder.ts';
import type { Graph } from '../graph/graph.ts';
import {
  ATTENTION_OPTIONAL,
  ATTENTION_REQUIRED,
  type AttentionAttributes,
  type AttentionInputName,
  type AttentionInputs,
} from '../ops/attention/spec.ts';
import { full } from '../patterns/full.ts';
import { checkTensor, type Tensor } from '../tensor.ts';
import { checkObject } from './check-arguments.ts';

/** Tensors and options of a call; see `AttentionInputs` for the shapes. The pattern defaults to `full()`. */
export interface AttentionCall extends AttentionInputs<Tensor>, Partial<AttentionAttributes> {}

const INPUTS: readonly AttentionInputName[] = [...ATTENTION_REQUIRED, ...ATTENTION_OPTIONAL];
const OPTIONS = ['pattern', 'scale', 'queryOffset', 'softcap', 'layout', 'returnLse'];
const RUN_OPTIONS = ['backend', 'signal', 'onProgress'];
const WHERE = 'core/attention';

/**
 * The graph of one call: its inputs are named as in the call, its outputs `out` and, with `returnLse`, `lse`. Only
 * dtypes and shapes of the tensors matter. Options of the run are ignored. Errors: those of attention's `infer`.
 */
export function attentionGraph(call: AttentionCall): Graph {
  checkObject('the call', call);
  for (const name of Object.keys(call)) {
    if (![...INPUTS, ...OPTIONS, ...RUN_OPTIONS].includes(name)) {
      const known = [...INPUTS, ...OPTIONS].join(', ');
      throw new AttnError('INVALID_ARGUMENT', WHERE, `there is no option ${show(name)}; known are ${known}`);
    }
  }
  const builder = new GraphBuilder();
  const values: Partial<Record<AttentionInputName, Value>> = {};
  for (const name of INPUTS) {
    const tensor = call[name];
    if (tensor === undefined) continue;
    checkTensor(tensor, WHERE, name);
    values[name] = builder.input(name, tensor);
  }
  const { pattern = full(), scale, queryOffset, softcap, layout, returnLse } = call;
  const [out, lse] = builder.node('attention', values, {
    pattern,
    scale,
    queryOffset,
    softcap,
    layout,
    returnLse,
  });
  return builder.build(lse ? { out, lse } : { out });
}

/** The tensors of a call, as its graph is fed. */
export function attentionInputs(call: AttentionCall): Tensors {
  const tensors: Record<string, Tensor> = {};
  for (const name of INPUTS) {
    const tensor = call[name];
    if (tensor !== undefined) tensors[name] = tensor;
  }
  return tensors;
}
