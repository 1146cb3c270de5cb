/**
 * Runs a graph node by node on kernels that work in host memory. It does what every such backend would
 * repeat: it checks inputs, keeps an arena for intermediates, makes new outputs, lets overlapping runs take
 * turns, pauses, aborts, reports progress, and says in errors which op failed.
 */
import type { Executable, RunOptions, Tensors } from '../contract/backend.ts';
import { AttnError, throwIfAborted } from '../errors.ts';
import type { OpName } from '../ops/op-name.ts';
import { ops } from '../ops/index.ts';
import { dataIdentity, inMemory } from '../lazy-tensor.ts';
import { allocate as allocateArray, sizeOf, storageOver, type Tensor } from '../tensor.ts';
import { anyNode, type Graph, type GraphNode, type NodeOf, type ValueId } from '../graph/graph.ts';
import { HostStates, type HostStateMemory } from './host-state.ts';
import { idleMemory, type MemoryHolder } from './idle-memory.ts';
import type { Kernel, KernelContext, KernelTable } from './kernel.ts';
import { planMemory, type MemoryPlan } from './memory.ts';
import { checkNodeData } from './node-data.ts';
import { createPause } from '../async/pause.ts';
import { throttleProgress } from '../async/progress.ts';
import { bufferRegion, type Region } from './region.ts';
import { rowBlocks, rowsFrom, type RowBlocks } from './row-blocks.ts';
import { checkRunInputs } from './run-inputs.ts';
import { checkRunOutputs, intoOutputs } from './run-outputs.ts';
import { withRunOptions } from '../contract/run-options.ts';
import { RunQueue } from '../async/run-queue.ts';
import { Scratch } from './scratch.ts';

/** An executable with a larger arena does not keep what it has read of lazy constants for the next run. */
const LARGE_ARENA_BYTES = 128 * 2 ** 20;

/** What `compileGraph` needs from a backend. */
export interface ExecutorOptions {
  /** The backend's name, for errors. */
  readonly backend: string;
  readonly kernels: KernelTable;
  /** Allocates the arena and scratch memory, for example in shared memory. Default: an `ArrayBuffer`. */
  readonly allocate?: (bytes: number) => Region;
  /** The states of the backend, if it has any: `Backend.createState` is their `createState`. */
  readonly states?: HostStates;
  /** Whether executables keep memory between runs, within the bounds of `idle-memory.ts`. Default true. */
  readonly keepMemory?: boolean;
  /**
   * Runs a task when it is its turn, for backends whose executables share something that only one can use at
   * a time. Default: at once.
   */
  readonly turn?: <T>(task: () => Promise<T>, signal: AbortSignal | undefined) => Promise<T>;
  /**
   * Whether kernels keep a constant input of a node in a form of their own. They then get a lazy tensor
   * unread; all other lazy tensors are read once, and stay in memory. Default: never.
   */
  readonly keepsOwn?: (node: GraphNode, input: string) => boolean;
  /**
   * Bytes that a feed-forward layer, or what is like it, may take between its nodes: more is computed a block
   * of rows at a time, so that a kernel gets a part of its node's rows. Default 16 MiB.
   */
  readonly blockBytes?: number;
  /** Called once, when the executable is disposed and its last run has ended. */
  readonly onRelease?: () => void;
  /** For tests: fills outputs and scratch memory with NaN (integers: all ones) before each kernel. */
  readonly poison?: boolean;
}

/**
 * Compiles a graph for kernels in host memory. Runs take turns; outputs are new arrays that nothing else
 * refers to, or those of the caller. Runs that were called before `dispose` still finish. A run allocates
 * memory for intermediates, and keeps it for the next one within the bounds of `idle-memory.ts`.
 *
 * Errors: `UNSUPPORTED` when a kernel is missing.
 *
 * @example
 * const abacus = defineBackend('abacus', {
 *   probe: () => ({ available: true, summary: 'an abacus', features: {} }),
 *   supports: ({ op }) => kernels[op] !== undefined || `an abacus has no ${op}`,
 *   estimate: (graph) => graph.nodes.length,
 *   compile: (graph) => compileGraph(graph, { backend: 'abacus', kernels }),
 * });
 */
export function compileGraph(graph: Graph, options: ExecutorOptions): Executable {
  for (const { op } of graph.nodes) {
    if (!ops[op].isView && options.kernels[op] === undefined) {
      throw new AttnError('UNSUPPORTED', `${options.backend}/${op}`, 'this backend has no kernel for the op');
    }
  }
  return new GraphExecutable(graph, options);
}

class GraphExecutable implements Executable, MemoryHolder {
  private readonly graph: Graph;
  private readonly options: ExecutorOptions;
  /** Runs of nodes that are computed block by block, by the index of their first. */
  private readonly blocks: ReadonlyMap<number, RowBlocks>;
  private readonly memory: MemoryPlan;
  private readonly queue: RunQueue;
  private readonly scratch: Scratch;
  private readonly states: HostStates;
  /** Runs that were called and have not ended. */
  private calls = 0;
  /** The constants; all but those that kernels keep have their data in memory. */
  private constants: ReadonlyMap<ValueId, Tensor> | undefined;
  private arena: Region | undefined;
  private disposed = false;
  private released = false;

  constructor(graph: Graph, options: ExecutorOptions) {
    this.graph = graph;
    this.options = options;
    this.states = options.states ?? new HostStates(options.backend);
    const blocks = rowBlocks(graph, options.blockBytes);
    this.blocks = new Map(blocks.map((run) => [run.first, run]));
    this.memory = planMemory(graph, blocks);
    this.queue = new RunQueue(() => this.becomeIdle());
    this.scratch = new Scratch((bytes) => this.allocate(bytes));
  }

  async run(inputs: Tensors, options?: RunOptions): Promise<Tensors> {
    const where = `${this.options.backend}/run`;
    return withRunOptions(where, options, async (runOptions) => {
      const { signal, state } = runOptions;
      if (this.disposed) throw new AttnError('DISPOSED', where, 'the executable has been disposed');
      throwIfAborted(signal, where);
      const checked = checkRunInputs(this.graph, inputs);
      const outputs = checkRunOutputs(this.graph, inputs, runOptions.outputs);
      const { turn = (task) => task() } = this.options;
      this.calls += 1;
      try {
        return await this.states.use({ graph: this.graph, state, signal }, (memory) => {
          const run = () => turn(() => this.runNow(checked, { ...runOptions, outputs }, memory), signal);
          const result = this.queue.run(run, signal, where);
          idleMemory.remove(this);
          return result;
        });
      } finally {
        this.calls -= 1;
        if (this.disposed) this.becomeIdle();
      }
    });
  }

  dispose(): void {
    this.disposed = true;
    idleMemory.remove(this);
    this.becomeIdle();
  }

  get heldBytes(): number {
    return (this.arena?.byteLength ?? 0) + this.scratch.byteLength;
  }

  releaseMemory(): void {
    if (!this.queue.isIdle) return;
    this.arena?.release();
    this.arena = undefined;
    // Beside so long a run, reading the tables again is nothing.
    if (this.memory.peakBytes > LARGE_ARENA_BYTES) this.constants = undefined;
    this.scratch.release();
  }

  private becomeIdle(): void {
    if (!this.disposed && this.options.keepMemory !== false) {
      idleMemory.idle(this);
      return;
    }
    this.releaseMemory();
    // A call that waits for its state is not in the queue yet.
    if (!this.disposed || this.released || this.calls > 0 || !this.queue.isIdle) return;
    this.released = true;
    this.options.onRelease?.();
  }

  private async runNow(
    inputs: Tensors,
    { signal, onProgress, outputs = {} }: RunOptions,
    state: HostStateMemory | undefined,
  ): Promise<Tensors> {
    const { nodes } = this.graph;
    this.arena ??= this.allocate(this.memory.peakBytes);
    this.readConstants();
    const tensorOf = this.placeValues(inputs, outputs, state);
    const report = throttleProgress(onProgress);
    const single = nodes.length === 1;
    const context: KernelContext = {
      signal,
      onProgress: single ? report : undefined,
      pause: createPause(signal, `${this.options.backend}/run`),
      scratch: (dtype, length) => {
        const data = this.scratch.take(dtype, length);
        if (this.options.poison) poison({ dtype, data });
        return data;
      },
    };
    for (let index = 0; index < nodes.length; index++) {
      const blocks = this.blocks.get(index);
      if (blocks === undefined) await this.runNode(nodes[index], tensorOf, context);
      else await this.runBlocks(blocks, tensorOf, context);
      index = blocks?.last ?? index;
      if (!single) report?.({ done: index + 1, total: nodes.length, unit: 'nodes' });
    }
    return this.takeOutputs(tensorOf, outputs);
  }

  /** Runs nodes for one block of rows after another. */
  private async runBlocks(
    { first, last, rows, blockRows, byRows, inner }: RowBlocks,
    tensorOf: (id: ValueId) => Tensor,
    context: KernelContext,
  ): Promise<void> {
    const nodes = this.graph.nodes.slice(first, last + 1);
    for (let start = 0; start < rows; start += blockRows) {
      const count = Math.min(blockRows, rows - start);
      const tensorOfBlock = (id: ValueId): Tensor => {
        const tensor = tensorOf(id);
        return byRows.has(id) ? rowsFrom(tensor, inner.has(id) ? 0 : start, count) : tensor;
      };
      for (const node of nodes) await this.runNode(node, tensorOfBlock, context);
    }
  }

  private async runNode<K extends OpName>(
    node: NodeOf<K>,
    tensorOf: (id: ValueId) => Tensor,
    context: KernelContext,
  ): Promise<void> {
    await context.pause();
    this.scratch.reset();
    if (ops[node.op].isView) return;
    const inputs = Object.fromEntries(
      Object.entries(node.inputs).map(([name, id]) => [name, tensorOf(id)] as const),
    );
    checkNodeData(anyNode(node), inputs);
    const outputs = node.outputs.map(tensorOf);
    const kernel: Kernel<K> | undefined = this.options.kernels[node.op];
    const isInPlace = this.memory.storage[node.outputs[0]] !== node.outputs[0];
    if (this.options.poison && !isInPlace) outputs.forEach(poison);
    try {
      await kernel?.({ node, inputs, outputs, attributes: node.attributes, context });
    } catch (cause) {
      if (cause instanceof AttnError) throw cause;
      const message = cause instanceof Error ? cause.message : String(cause);
      throw new AttnError('INTERNAL', `${this.options.backend}/${node.op}`, `the kernel failed: ${message}`, {
        cause,
      });
    }
  }

  /** Reads lazy constants before a run: nodes would otherwise read them again and again. */
  private readConstants(): void {
    if (this.constants !== undefined) return;
    const { graph, options } = this;
    const held = new Set<ValueId>(graph.outputs.values());
    for (const node of graph.nodes) {
      for (const [name, id] of Object.entries(node.inputs)) {
        if (!options.keepsOwn?.(node, name)) held.add(this.memory.storage[id]);
      }
    }
    // All or none: if reading fails, the next run tries again.
    this.constants = new Map(
      [...graph.constants].map(([id, constant]) => [id, held.has(id) ? inMemory(constant) : constant]),
    );
  }

  /**
   * A function that returns the tensor of any value: inputs and constants as they are, states in place,
   * outputs in arrays of the caller or in new ones, intermediates in the arena. It makes views of states and
   * of the arena anew each time: memory that grows may become another buffer.
   */
  private placeValues(
    inputs: Tensors,
    outputs: Tensors,
    state: HostStateMemory | undefined,
  ): (id: ValueId) => Tensor {
    const { storage, placements, specs } = this.memory;
    const owners: Tensor[] = [];
    for (const [name, id] of this.graph.inputs) owners[id] = inputs[name];
    for (const [id, constant] of this.constants ?? []) owners[id] = constant;
    const states = new Map([...this.graph.states].map(([name, id]) => [id, name]));
    for (const [name, { data }] of Object.entries(outputs)) {
      const owner = storage[this.graph.outputs.get(name) ?? -1];
      if (!states.has(owner)) owners[owner] ??= { ...specs[owner], data };
    }
    const arrayOf = (owner: ValueId): Tensor['data'] => {
      const name = states.get(owner);
      if (name !== undefined && state !== undefined) return state.tensor(name).data;
      const spec = specs[owner];
      const size = sizeOf(spec.shape);
      const placement = placements.get(owner);
      if (placement === undefined || this.arena === undefined) {
        return (owners[owner] ??= { ...spec, data: allocateArray(spec.dtype, size) }).data;
      }
      const { buffer, byteOffset } = this.arena;
      return storageOver(spec.dtype, buffer, byteOffset + placement.offset, size);
    };
    return (id) => {
      const { dtype, shape } = specs[id];
      return storage[id] === id && owners[id] !== undefined
        ? owners[id]
        : { dtype, shape, data: arrayOf(storage[id]) };
    };
  }

  /** The outputs of a run. What shares memory with an input, a constant, a state or an output is copied. */
  private takeOutputs(tensorOf: (id: ValueId) => Tensor, targets: Tensors): Tensors {
    const ids = [...this.graph.inputs.values(), ...this.graph.constants.keys()];
    const arrays = new Set<unknown>(ids.map((id) => dataIdentity(tensorOf(id))));
    for (const { data } of Object.values(targets)) arrays.add(data);
    const states = new Set<ValueId>(this.graph.states.values());
    const outputs: Record<string, Tensor> = {};
    for (const [name, id] of this.graph.outputs) {
      const { dtype, shape, data } = tensorOf(id);
      const isTarget = targets[name] !== undefined;
      const isShared = !isTarget && (arrays.has(data) || states.has(this.memory.storage[id]));
      outputs[name] = { dtype, shape, data: isShared ? data.slice() : data };
      arrays.add(data);
    }
    return intoOutputs(outputs, targets);
  }

  private allocate(bytes: number): Region {
    try {
      return (this.options.allocate ?? bufferRegion)(bytes);
    } catch (cause) {
      if (cause instanceof AttnError) throw cause;
      throw new AttnError(
        'OUT_OF_MEMORY',
        `${this.options.backend}/run`,
        `could not allocate ${bytes} bytes`,
        { cause },
      );
    }
  }
}

/** Fills an array with values that a kernel must neither leave nor rely on. */
function poison({ dtype, data }: Pick<Tensor, 'dtype' | 'data'>): void {
  data.fill(dtype === 'f32' ? NaN : dtype === 'f16' ? 0x7e00 : -1);
}
