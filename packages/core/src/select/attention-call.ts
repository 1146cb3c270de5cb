/** A single attention call as a graph of one node. */
import type { Tensors } from '../backend.ts';
import { AttnError, show } from '../errors.ts';
import { GraphBuilder, type Value } from '../graph/builder.ts';
import type { Graph } from '../graph/graph.ts';
import { LruMap } from '../lru.ts';
import {
  ATTENTION_OPTIONAL,
  ATTENTION_REQUIRED,
  type AttentionAttributes,
  type AttentionInputName,
  type AttentionInputs,
} from '../ops/attention/spec.ts';
import { full } from '../patterns/full.ts';
import type { Pattern } from '../patterns/pattern.ts';
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

/** How many graphs of calls are remembered. */
const GRAPHS = 64;

/** The graphs of calls, by their shapes and options: to call again what was called before costs no building. */
export class CallGraphs {
  private readonly graphs = new LruMap<Graph>(GRAPHS);

  /** The graph of a call. Errors: as those of `attentionGraph`. */
  of(call: AttentionCall): Graph {
    const key = signature(call);
    const known = key === undefined ? undefined : this.graphs.get(key);
    if (known === undefined) {
      const graph = attentionGraph(call);
      if (key !== undefined) this.graphs.set(key, graph);
      return graph;
    }
    for (const name of known.inputs.keys())
      checkTensor(call[name as AttentionInputName] as Tensor, WHERE, name);
    return known;
  }
}

/** Text that is equal for calls of equal graphs; undefined for what had better be looked at closely. */
function signature(call: AttentionCall): string | undefined {
  if (typeof call !== 'object' || call === null) return undefined;
  let text = '';
  for (const [name, value] of Object.entries(call) as [string, unknown][]) {
    if (value === undefined || RUN_OPTIONS.includes(name)) continue;
    if (name === 'pattern') {
      const { key } = value as Partial<Pattern>;
      if (typeof key !== 'string') return undefined;
      text += `pattern ${key};`;
    } else if (INPUTS.includes(name as AttentionInputName)) {
      const { dtype, shape } = value as Partial<Tensor>;
      if (!Array.isArray(shape)) return undefined;
      text += `${name} ${dtype} ${shape.join()};`;
    } else if (OPTIONS.includes(name) && typeof value !== 'object') {
      text += `${name} ${String(value)};`;
    } else {
      return undefined;
    }
  }
  return text;
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
