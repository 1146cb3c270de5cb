/**
 * Builds graphs the way WebNN does: every call checks its inputs at once and returns new values, so that an
 * error is reported on the line that caused it. `build` then drops the nodes that no output needs.
 */
import { readEntries } from '../check/check-options.ts';
import { AttnError, show } from '../errors.ts';
import { isLazy } from '../lazy-tensor.ts';
import type { OpAttributes } from '../ops/attributes.ts';
import type { OpName } from '../ops/op-name.ts';
import { ops } from '../ops/index.ts';
import type { NamedSpecs } from '../ops/op.ts';
import type { TensorSpec } from '../tensor.ts';
import { checkSpec, checkTensor, rowMajor, type DType, type Tensor } from '../tensor.ts';
import { checkName, checkNode } from './check-build.ts';
import { finishGraph, type GraphDraft } from './finish.ts';
import { anyNode, type Graph, type NodeOf } from './graph.ts';
import { OpBuilder } from './op-builder.ts';
import type { Value } from './pointwise-builder.ts';
import { StateVersions } from './state-versions.ts';

export type { AttentionValues } from './attention-sinks.ts';
export type { Value } from './pointwise-builder.ts';

const WHERE = 'core/graph';

/**
 * Builds a graph, node by node. Every method checks the shapes and dtypes of its operands, and throws
 * `INVALID_SHAPE`, `INVALID_DTYPE`, `INVALID_ARGUMENT`, `INVALID_GRAPH`, `MISSING_INPUT` or
 * `INVALID_PATTERN`. Pointwise ops (`add`, `silu`, …) have their methods from the table of these ops.
 *
 * @example
 * const builder = new GraphBuilder();
 * const x = builder.input('x', { dtype: 'f32', shape: [2, 3] });
 * const weight = builder.constant(f32([4, 3], new Float32Array(12)), 'weight');
 * const graph = builder.build({ y: builder.linear(x, weight, undefined, { activation: 'gelu' }) });
 */
export class GraphBuilder extends OpBuilder {
  private readonly values: Value[] = [];
  private readonly draft: GraphDraft = {
    nodes: [],
    inputs: new Map(),
    states: new Map(),
    constants: new Map(),
    names: new Map(),
    values: this.values,
  };
  private readonly versions = new StateVersions();

  /**
   * Adds an input: a value that each run is given by name. Errors: `INVALID_GRAPH` for a second value of this
   * name, or a name that all objects have, such as `toString`; `INVALID_DTYPE`, `INVALID_SHAPE`.
   *
   * @example
   * const tokens = builder.input('tokens', { dtype: 'i32', shape: [1, 4096] });
   */
  input(name: string, spec: TensorSpec): Value {
    checkName('an input', name);
    checkSpec(spec, WHERE, `input ${name}`);
    const value = this.addValue(spec);
    this.name(value, name);
    this.draft.inputs.set(name, value.id);
    return value;
  }

  /**
   * Adds a state: a value that lives on the backend between runs, such as a cache of keys. A run gets it by
   * its option `state`, and `writeRows` changes it in place. After a write only the new content can be read.
   * The name differs from those of inputs and constants. Errors: as of `input`.
   *
   * @example
   * const cache = builder.state('keys', { dtype: 'f32', shape: [1, 8, 512, 64] });
   * const keys = builder.writeRows(cache, key, position, 2); // cache must not be read from here on
   */
  state(name: string, spec: TensorSpec): Value {
    checkName('a state', name);
    checkSpec(spec, WHERE, `state ${name}`);
    const value = this.addValue(spec);
    this.name(value, name);
    this.draft.states.set(name, value.id);
    this.versions.add(name, value.id);
    return value;
  }

  /**
   * Adds a constant, such as weights or a table. The array must not change afterwards; graphs that share it
   * by identity share compiled executables. A lazy tensor is not read before a backend needs it. `name` is
   * for people and for exported files.
   *
   * @example
   * const weight = builder.constant(f32([2, 2], [1, 0, 0, 1]), 'layer.0.weight');
   */
  override constant(tensor: Tensor, name?: string): Value {
    if (name !== undefined) checkName('a constant', name);
    const isRead = !isLazy(tensor);
    if (isRead) checkTensor(tensor, WHERE, name ?? 'constant');
    const value = this.addValue(tensor);
    if (name !== undefined) this.name(value, name);
    this.draft.constants.set(value.id, isRead ? rowMajor(tensor) : tensor);
    return value;
  }

  /**
   * Adds a node of any op by the op's name, and returns its outputs; the methods below call this. Inputs that
   * are undefined count as absent.
   *
   * @example
   * const [y] = builder.node('softmax', { x }, { axis: -1 });
   */
  override node<K extends OpName>(
    op: K,
    inputs: Readonly<Record<string, Value | undefined>>,
    attributes: OpAttributes[K],
  ): Value[] {
    const entries = checkNode(op, inputs).map(
      ([name, value]) => [name, this.own(value as Value, `input ${name} of ${op}`)] as const,
    );
    const specs: NamedSpecs = Object.fromEntries(entries);
    const ids = Object.fromEntries(entries.map(([name, { id }]) => [name, id]));
    const inferred = ops[op].infer(specs, attributes);
    this.versions.check(op, ids);
    const outputs = inferred.map((spec) => this.addValue(spec));
    const normal = ops[op].normalize?.(specs, attributes) ?? attributes;
    const node: NodeOf<K> = { op, inputs: ids, attributes: normal, outputs: outputs.map(({ id }) => id) };
    this.draft.nodes.push(anyNode(node));
    this.versions.record(op, ids, node.outputs);
    return outputs;
  }

  /**
   * Makes the graph that computes these outputs. It omits nodes and constants that neither an output nor a
   * state needs, and keeps all inputs and states. The builder can be used further. Errors: `INVALID_GRAPH`,
   * also for names that all objects have, such as `toString`.
   *
   * @example
   * const graph = builder.build({ probabilities: builder.softmax(x) });
   */
  build(outputs: Readonly<Record<string, Value>>): Graph {
    const entries = readEntries(WHERE, 'outputs', outputs) as [string, Value][];
    for (const [name] of entries) checkName('an output', name);
    if (entries.length === 0)
      throw new AttnError('INVALID_GRAPH', WHERE, 'expected at least one output, got none');
    const ids = entries.map(([name, value]) => [name, this.own(value, `output ${name}`).id] as const);
    for (const [name, id] of ids) this.versions.checkRead(id, `output ${name}`);
    return finishGraph(this.draft, new Map(ids));
  }

  private addValue({ dtype, shape }: TensorSpec<DType>): Value {
    const value: Value = Object.freeze({ id: this.values.length, dtype, shape: Object.freeze([...shape]) });
    this.values.push(value);
    return value;
  }

  protected override own(value: Value, what: string): Value {
    if (!this.isOwn(value)) {
      throw new AttnError(
        'INVALID_GRAPH',
        WHERE,
        `${what} must be a value of this builder, got ${show(value)}`,
      );
    }
    return value;
  }

  private isOwn(value: Value): boolean {
    try {
      return typeof value === 'object' && value !== null && this.values[value.id] === value;
    } catch {
      return false; // a hostile object
    }
  }

  private name(value: Value, name: string): void {
    if ([...this.draft.names.values()].includes(name)) {
      throw new AttnError(
        'INVALID_GRAPH',
        WHERE,
        `names of inputs, states and constants must differ, got ${show(name)} twice`,
      );
    }
    this.draft.names.set(value.id, name);
  }
}
