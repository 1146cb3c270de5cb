/** Lowers a whole graph to one ONNX model. */
import { AttnError, type Graph } from '@attn/core';
import { rowBlocks, type NodeOf, type OpName, type PlanCache, type ValueId } from '@attn/core/backend';
import { OnnxModelBuilder } from '../model/onnx-model-builder.ts';
import type { Name, ValueType } from '../model/values.ts';
import { LoweringContext, valueType, type LowerOptions, type PlanFeed } from './context.ts';
import { LOWER } from './ops/index.ts';
import type { Lower } from './ops/lower-op.ts';
import { canScan, lowerRowBlocks } from './row-blocks.ts';
import { stateOf } from './state-of.ts';
import type { StateWrite } from './written-rows.ts';

/** A graph as an ONNX model. */
export interface LoweredGraph {
  readonly model: OnnxModelBuilder;
  /** Names of the graph's inputs, and what the model calls them. */
  readonly inputs: ReadonlyMap<string, Name>;
  /** Names of the graph's outputs, and what the model calls them. */
  readonly outputs: ReadonlyMap<string, Name>;
  /** Further tensors that the model is fed, for plans that depend on inputs. */
  readonly planFeeds: readonly PlanFeed[];
  /** Names of the states that the model is fed, and what the model calls them. */
  readonly states: ReadonlyMap<string, Name>;
  /** Outputs of the model that are to be written into states, in order. */
  readonly stateWrites: readonly StateWrite[];
}

/**
 * Lowers a graph. Outputs that are the content of a state are no outputs of the model: whoever writes into
 * the state has them. Errors: `UNSUPPORTED` for an op without a lowering.
 */
export function lowerGraph(graph: Graph, plans: PlanCache, options: LowerOptions = {}): LoweredGraph {
  const model = new OnnxModelBuilder();
  const context = new LoweringContext(graph, model, plans, options);
  const inputs = new Map<string, Name>();
  for (const [name, id] of graph.inputs) {
    const spec = context.spec(id);
    const input = model.main.input(name, valueType(spec));
    inputs.set(name, input);
    context.setMoved(id, spec.dtype === 'f16' ? model.main.cast(input, 'f32') : input);
  }
  lowerNodes(context);
  const outputs = new Map<string, Name>();
  const computed = new Map([...graph.outputs].filter(([, id]) => stateOf(graph, id) === undefined));
  for (const [name, id] of computed) {
    const output = nameOutput(context, computed, name);
    const { dtype, shape } = context.spec(id);
    model.main.output(output, { dtype, shape: options.flatOutputs ? undefined : shape });
    outputs.set(name, output);
  }
  const stateWrites = outputWrites(context);
  return { model, inputs, outputs, planFeeds: context.planFeeds, states: context.states, stateWrites };
}

/** Makes outputs of what is written to states. */
function outputWrites({ main, stateWrites }: LoweringContext): StateWrite[] {
  const starts = new Map<Name, Name>();
  const output = (value: Name, type: ValueType): Name => {
    const name = main.op('Identity', [value]);
    main.output(name, type);
    return name;
  };
  return stateWrites.map((write) => {
    const { dtype } = write.spec;
    const start = starts.get(write.start) ?? output(write.start, { dtype: 'i64', shape: [1] });
    starts.set(write.start, start);
    const value = dtype === 'f16' ? main.cast(write.rows, 'f16') : write.rows;
    return { ...write, start, rows: output(value, write.spec) };
  });
}

/** Gives an output a name of its own, even where its value is also an input, a constant or another output. */
function nameOutput(context: LoweringContext, outputs: ReadonlyMap<string, ValueId>, name: string): Name {
  const { main } = context;
  const id = outputs.get(name) ?? -1;
  const isItsOwn = [...outputs.values()].filter((other) => other === id).length === 1;
  const whole = context.value(id);
  // Where another output has the value, too, it is not this one's to change.
  const value = context.options.flatOutputs && isItsOwn ? main.removeLastReshape(whole) : whole;
  if (context.spec(id).dtype === 'f16') return main.rename(main.cast(value, 'f16'), name);
  // What a reshape was of may be another output, which goes by its present name.
  const isShared = [...outputs.values()].some((other) => other !== id && context.value(other) === value);
  if (isItsOwn && !isShared && main.isOutputOfLastNode(value)) return main.rename(value, name);
  return main.rename(main.op('Identity', [value]), name);
}

function lowerNodes(context: LoweringContext): void {
  const { graph, options } = context;
  const runs = options.savesMemory ? rowBlocks(graph).filter((run) => canScan(context, run)) : [];
  const runFrom = new Map(runs.map((run) => [run.first, run]));
  for (let index = 0; index < graph.nodes.length; index++) {
    const run = runFrom.get(index);
    if (run === undefined) lowerNode(context, graph.nodes[index]);
    else lowerRowBlocks(context, run, lowerNode);
    index = run?.last ?? index;
  }
}

function lowerNode<K extends OpName>(context: LoweringContext, node: NodeOf<K>): void {
  const table: { readonly [O in OpName]?: Lower<O> } = LOWER;
  const lower: Lower<K> | undefined = table[node.op];
  if (lower === undefined)
    throw new AttnError('UNSUPPORTED', 'onnx/compile', `there is no lowering for ${node.op}`);
  lower(context, node);
}
