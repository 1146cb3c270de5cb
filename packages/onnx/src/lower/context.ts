/** What lowering an op needs: the graph, the model under construction, and the model's name of each value. */
import { AttnError, type Graph, type Tensor, type TensorSpec } from '@attn/core';
import { type NodeOf, type OpName, type PlanCache, type ValueId } from '@attn/core/backend';
import type { GraphScope, OnnxModelBuilder } from '../model/onnx-model-builder.ts';
import type { Initializer, Name, ValueType } from '../model/values.ts';
import type { CausalBlocks } from './attention/causal-blocks.ts';
import type { ScheduleOptions } from './attention/schedule.ts';
import { joinRows, type StateWrite, type WrittenRows } from './written-rows.ts';

/** How to lower a graph. */
export interface LowerOptions {
  /** Write standard ONNX operators only, for runtimes without those of `com.microsoft`. Default: false. */
  readonly portable?: boolean;
  /**
   * Use the fused operator MultiHeadAttention where nothing is masked. It is fast on x64 and Arm, and
   * overflows in WebAssembly. Default: true.
   */
  readonly fusedDense?: boolean;
  /**
   * Leave out a last reshape of an output, since ONNX Runtime copies there. The reader of the outputs gives
   * them their shapes. Default: false.
   */
  readonly flatOutputs?: boolean;
  /** How row blocks are batched. The defaults suit CPUs. */
  readonly schedule?: Partial<ScheduleOptions>;
  /** Sizes of the blocks of causal attention, for tests. Default: those that suit its length. */
  readonly causalBlocks?: CausalBlocks;
  /**
   * Whether the runtime multiplies unsigned by signed bytes without losing a bit, whatever the bytes are.
   * Where it may not, products of bytes have two unsigned operands, which are exact everywhere. Default:
   * false.
   */
  readonly exactSignedBytes?: boolean;
  /**
   * Whether runs should take little memory, for sessions on the CPU: feed-forward layers are scans over
   * blocks of rows, and a table of embeddings that is also a product's weight is mapped apart from it.
   * Default: false.
   */
  readonly savesMemory?: boolean;
  /** Most logits of a step of LSH attention. Default: 2¹⁷, half a megabyte, which stays in the cache. */
  readonly stepLogits?: number;
}

/** Tensors that a model is fed beside its graph's inputs. */
export interface PlanFeed {
  /** Computes the tensors of one run from the graph's inputs. */
  feeds(inputs: Readonly<Record<string, Tensor>>): Promise<Readonly<Record<Name, Tensor>>>;
}

/** Where a context writes that does not write into the outermost graph. */
interface Inside {
  readonly body: GraphScope;
  /** The context of the values that the body reads from outside. */
  readonly outer: LoweringContext;
}

/** The lowering of one graph in progress. */
export class LoweringContext {
  readonly graph: Graph;
  readonly model: OnnxModelBuilder;
  readonly plans: PlanCache;
  readonly options: Required<Omit<LowerOptions, 'schedule' | 'causalBlocks'>> &
    Pick<LowerOptions, 'schedule' | 'causalBlocks'>;
  readonly planFeeds: PlanFeed[] = [];
  /** The states that the model reads, and what it calls them. */
  readonly states: Map<string, Name> = new Map();
  /** What the model returns to be written into states, in order. */
  readonly stateWrites: StateWrite[] = [];
  /**
   * The model's name of each value. Floats are f32 in the model; halves are rounded where they are computed.
   */
  private readonly names = new Map<ValueId, Name>();
  /** The model's names of the slices of constants. */
  private readonly parts = new Map<ValueId, readonly Name[]>();
  private readonly pieces = new Map<string, readonly Name[]>();
  /** The model's names of other forms of constants, and of values that several nodes need. */
  private readonly forms = new Map<string, Name>();
  /** Values whose parts nobody has joined yet, or ever. */
  private readonly writes = new Map<ValueId, WrittenRows>();
  /** The body that the context writes into, and the context around it; undefined for the outermost graph. */
  private readonly inside: Inside | undefined;

  constructor(
    graph: Graph,
    model: OnnxModelBuilder,
    plans: PlanCache,
    options: LowerOptions,
    inside?: Inside,
  ) {
    this.graph = graph;
    this.inside = inside;
    this.model = model;
    this.plans = plans;
    const {
      portable = false,
      fusedDense = true,
      flatOutputs = false,
      exactSignedBytes = false,
      savesMemory = false,
      stepLogits = 2 ** 17,
      schedule,
      causalBlocks,
    } = options;
    this.options = {
      portable,
      fusedDense,
      flatOutputs,
      exactSignedBytes,
      savesMemory,
      stepLogits,
      schedule,
      causalBlocks,
    };
  }

  /** Where nodes are written: the model's outermost graph, or a body in it. */
  get main(): GraphScope {
    return this.inside?.body ?? this.model.main;
  }

  /** A context that writes into a body, of a graph with the same values in other shapes. */
  within(body: GraphScope, graph: Graph): LoweringContext {
    return new LoweringContext(graph, this.model, this.plans, this.options, { body, outer: this });
  }

  /** The dtype and shape of a value of the graph. */
  spec(id: ValueId): TensorSpec {
    return this.graph.values[id];
  }

  /**
   * The model's name of a value, whose floats are f32. Constants and states are added to the model at their
   * first use.
   */
  value(id: ValueId): Name {
    const name = this.names.get(id) ?? this.inside?.outer.value(id) ?? this.firstUse(id);
    this.names.set(id, name);
    return name;
  }

  private firstUse(id: ValueId): Name {
    const written = this.writes.get(id);
    if (written !== undefined) return joinRows(this.main, written);
    const stored = this.stored(id);
    return this.spec(id).dtype === 'f16' ? this.main.cast(stored, 'f32') : stored;
  }

  private stored(id: ValueId): Name {
    const constant = this.graph.constants.get(id);
    if (constant !== undefined) return this.model.tensor(this.graph.names.get(id) ?? 'constant', constant);
    for (const [state, value] of this.graph.states) {
      if (value !== id) continue;
      const name = this.main.input(state, valueType(this.spec(id)));
      this.states.set(state, name);
      return name;
    }
    throw new AttnError('INTERNAL', 'onnx/compile', `value ${id} is read before it is made`);
  }

  /**
   * The model's names of the slices of a constant along its first axis, without that axis; undefined where
   * the value is no constant, or has to be converted.
   */
  constantParts(id: ValueId): readonly Name[] | undefined {
    if (this.inside !== undefined) return this.inside.outer.constantParts(id);
    const constant = this.graph.constants.get(id);
    if (constant?.dtype !== 'f32') return undefined;
    const parts = this.parts.get(id) ?? this.model.parts(this.graph.names.get(id) ?? 'constant', constant);
    this.parts.set(id, parts);
    return parts;
  }

  /** The model's names of a constant as pieces of at most `most` rows of its first axis. */
  constantPieces(id: ValueId, most: number): readonly Name[] {
    if (this.inside !== undefined) return this.inside.outer.constantPieces(id, most);
    const constant = this.graph.constants.get(id);
    if (constant === undefined) throw new AttnError('INTERNAL', 'onnx/compile', `value ${id} is no constant`);
    const key = `${id} ${most}`;
    const wish = this.graph.names.get(id) ?? 'constant';
    const names = this.pieces.get(key) ?? this.model.pieces(wish, constant, most);
    this.pieces.set(key, names);
    return names;
  }

  /** A constant of the graph, or undefined where the value is none. */
  constant(id: ValueId): Tensor | undefined {
    return this.graph.constants.get(id);
  }

  /** The model's name of a constant as another type with the same bytes. Nothing is copied. */
  constantAs(id: ValueId, type: Pick<Initializer, 'dtype' | 'shape'>): Name {
    return this.formOf(id, `${type.dtype}[${type.shape.join()}]`, (wish, constant) =>
      this.model.tensor(wish, constant, type),
    );
  }

  /** The model's name of another form of a constant, which `add` adds to the model at the first use. */
  formOf(id: ValueId, form: string, add: (wish: string, constant: Tensor) => Name): Name {
    if (this.inside !== undefined) return this.inside.outer.formOf(id, form, add);
    const constant = this.graph.constants.get(id);
    if (constant === undefined) throw new AttnError('INTERNAL', 'onnx/compile', `value ${id} is no constant`);
    return this.shared(`${id} ${form}`, () => add(this.graph.names.get(id) ?? 'constant', constant));
  }

  /** The model's name of a value that several nodes need, which `add` adds at the first call. */
  shared(key: string, add: () => Name): Name {
    const name = this.forms.get(key) ?? add();
    this.forms.set(key, name);
    return name;
  }

  /** Records a value as the parts of which `value` makes it when a reader needs it in one. */
  setWritten(id: ValueId, written: WrittenRows): void {
    this.writes.set(id, written);
  }

  /** The parts of a value that `writeRows` made. */
  written(id: ValueId): WrittenRows | undefined {
    return this.writes.get(id);
  }

  /** The model's name of an input of a node, or undefined where the node lacks that input. */
  input(node: NodeOf<OpName>, name: string): Name | undefined {
    const id = node.inputs[name];
    return id === undefined ? undefined : this.value(id);
  }

  /** Records the model's name of a value that was moved, not computed, so that it needs no rounding. */
  setMoved(id: ValueId, name: Name): void {
    this.names.set(id, name);
  }

  /** Records the model's name of a computed f32 value. If the graph has halves there, it is rounded first. */
  setComputed(id: ValueId, name: Name): void {
    const { main } = this;
    this.names.set(id, this.spec(id).dtype === 'f16' ? main.cast(main.cast(name, 'f16'), 'f32') : name);
  }
}

/** The type of an input or output of the model: the dtype of the graph, halves included. */
export function valueType({ dtype, shape }: TensorSpec): ValueType {
  return { dtype, shape };
}
