/** What lowering an op needs: the graph being lowered, the model being written, and where values stand in it. */
import { AttnError, type Graph, type Tensor, type TensorSpec } from '@attn/core';
import { type NodeOf, type OpName, type PlanCache, type ValueId } from '@attn/core/backend';
import type { GraphScope, ModelBuilder, Name, ValueType } from '../model/model-builder.ts';
import type { ScheduleOptions } from './attention/schedule.ts';

/** How to lower. */
export interface LowerOptions {
  /** Standard operators only, for runtimes without com.microsoft's. Default false. */
  readonly portable?: boolean;
  /** Use the fused MultiHeadAttention where nothing is masked: it is fast on x64 and Arm, and overflows in WebAssembly. Default true. */
  readonly fusedDense?: boolean;
  /** Leave it to the reader to give outputs their shapes: ONNX Runtime copies what is reshaped last. Default false. */
  readonly flatOutputs?: boolean;
  /** How row blocks are batched; the defaults suit CPUs. */
  readonly schedule?: Partial<ScheduleOptions>;
  /** Logits of a step of LSH attention, at most: half a megabyte, which stays in the cache. Default 2¹⁷. */
  readonly stepLogits?: number;
}

/** Tensors that a model is fed beside its graph's inputs, made anew for each run from those. */
export interface PlanFeed {
  feeds(inputs: Readonly<Record<string, Tensor>>): Promise<Readonly<Record<Name, Tensor>>>;
}

/** One lowering in progress. */
export class LoweringContext {
  readonly graph: Graph;
  readonly model: ModelBuilder;
  readonly plans: PlanCache;
  readonly options: Required<Pick<LowerOptions, 'portable' | 'fusedDense' | 'flatOutputs' | 'stepLogits'>> &
    Pick<LowerOptions, 'schedule'>;
  readonly planFeeds: PlanFeed[] = [];
  /** Float values are f32 in the model, whatever they are in the graph; halves are rounded where they arise. */
  private readonly named = new Map<ValueId, Name>();

  constructor(graph: Graph, model: ModelBuilder, plans: PlanCache, options: LowerOptions) {
    this.graph = graph;
    this.model = model;
    this.plans = plans;
    const {
      portable = false,
      fusedDense = true,
      flatOutputs = false,
      stepLogits = 2 ** 17,
      schedule,
    } = options;
    this.options = { portable, fusedDense, flatOutputs, stepLogits, schedule };
  }

  get main(): GraphScope {
    return this.model.main;
  }

  /** The spec of a value. */
  spec(id: ValueId): TensorSpec {
    return this.graph.values[id];
  }

  /** Where a value stands. Constants are written when they are first read. */
  value(id: ValueId): Name {
    const known = this.named.get(id);
    if (known !== undefined) return known;
    const constant = this.graph.constants.get(id);
    if (constant === undefined)
      throw new AttnError('INTERNAL', 'onnx/compile', `value ${id} is read before it is made`);
    const name = this.model.tensor(this.graph.names.get(id) ?? 'constant', constant);
    const read = constant.dtype === 'f16' ? this.main.cast(name, 'f32') : name;
    this.named.set(id, read);
    return read;
  }

  /** The same for an optional input of a node. */
  input(node: NodeOf<OpName>, name: string): Name | undefined {
    const id = node.inputs[name];
    return id === undefined ? undefined : this.value(id);
  }

  /** Says where a value stands that is exact already: moved, not computed. */
  setMoved(id: ValueId, name: Name): void {
    this.named.set(id, name);
  }

  /** Says where a computed value stands, in f32; halves are rounded. */
  setComputed(id: ValueId, name: Name): void {
    const { main } = this;
    this.named.set(id, this.spec(id).dtype === 'f16' ? main.cast(main.cast(name, 'f16'), 'f32') : name);
  }
}

/** The type of a value as the outside sees it. */
export function valueType({ dtype, shape }: TensorSpec): ValueType {
  return { dtype, shape };
}
