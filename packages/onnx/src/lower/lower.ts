/** A whole graph as one ONNX model. */
import { AttnError, type Graph } from '@attn/core';
import { type NodeOf, type OpName, type PlanCache, type ValueId } from '@attn/core/backend';
import { ModelBuilder, type Name } from '../model/model-builder.ts';
import { LoweringContext, valueType, type LowerOptions, type PlanFeed } from './context.ts';
import { LOWER } from './ops/index.ts';
import type { Lower } from './ops/lower-op.ts';

/** A graph, lowered. */
export interface LoweredGraph {
  readonly model: ModelBuilder;
  /** The model's names of the graph's inputs and outputs. */
  readonly inputs: ReadonlyMap<string, Name>;
  readonly outputs: ReadonlyMap<string, Name>;
  /** What else the model is fed. */
  readonly planFeeds: readonly PlanFeed[];
}

/** Lowers a graph. Errors: `UNSUPPORTED` when it has an op that is not known here. */
export function lowerGraph(graph: Graph, plans: PlanCache, options: LowerOptions = {}): LoweredGraph {
  const model = new ModelBuilder();
  const context = new LoweringContext(graph, model, plans, options);
  const inputs = new Map<string, Name>();
  for (const [name, id] of graph.inputs) {
    const spec = context.spec(id);
    const given = model.main.input(name, valueType(spec));
    inputs.set(name, given);
    context.setMoved(id, spec.dtype === 'f16' ? model.main.cast(given, 'f32') : given);
  }
  for (const node of graph.nodes) lowerNode(context, node);
  const outputs = new Map<string, Name>();
  for (const [name, id] of graph.outputs) {
    const named = nameOutput(context, id, name);
    const { dtype, shape } = context.spec(id);
    model.main.output(named, { dtype, shape: options.flatOutputs ? undefined : shape });
    outputs.set(name, named);
  }
  return { model, inputs, outputs, planFeeds: context.planFeeds };
}

/** An output has a name of its own, even if it is an input, a constant, another output or read by other nodes as well. */
function nameOutput(context: LoweringContext, id: ValueId, name: string): Name {
  const { main } = context;
  const value = context.options.flatOutputs ? main.beforeReshape(context.value(id)) : context.value(id);
  if (context.spec(id).dtype === 'f16') return main.rename(main.cast(value, 'f16'), name);
  const isItsOwn = [...context.graph.outputs.values()].filter((other) => other === id).length === 1;
  if (isItsOwn && main.isLast(value)) return main.rename(value, name);
  return main.rename(main.op('Identity', [value]), name);
}

function lowerNode<K extends OpName>(context: LoweringContext, node: NodeOf<K>): void {
  const table: { readonly [O in OpName]?: Lower<O> } = LOWER;
  const lower: Lower<K> | undefined = table[node.op];
  if (lower === undefined)
    throw new AttnError('UNSUPPORTED', 'onnx/compile', `there is no lowering for ${node.op}`);
  lower(context, node);
}
