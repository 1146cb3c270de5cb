/**
 * Runs a graph node by node on kernels that work in host memory. It owns what every such backend would otherwise
 * repeat: checked inputs, an arena for intermediates, fresh outputs, turns between overlapping runs, pauses, aborts,
 * progress, and errors that say which op failed.
 */
import type { Executable, RunOptions, Tensors } from '../contract/backend.ts';
import { AttnError, throwIfAborted } from '../errors.ts';
import type { OpName } from '../ops/op-name.ts';
import { ops } from '../ops/index.ts';
import { dataIdentity, inMemory } from '../lazy-tensor.ts';
import { allocate as allocateArray, sizeOf, storageOver, type Tensor } from '../tensor.ts';
import type { Graph, GraphNode, NodeOf, ValueId } from '../graph/graph.ts';
import { idleMemory, type MemoryHolder } from './idle-memory.ts';
import type { Kernel, KernelContext, KernelTable } from './kernel.ts';
import { planMemory, type MemoryPlan } from './memory.ts';
import { checkNodeData } from './node-data.ts';
import { createPause } from '../async/pause.ts';
import { throttleProgress } from '../async/progress.ts';
import { bufferRegion, type Region } from './region.ts';
import { checkRunInputs } from './run-inputs.ts';
import { withRunOptions } from '../contract/run-options.ts';
import { RunQueue } from '../async/run-queue.ts';
import { Scratch } from './scratch.ts';

/** What the executor needs of a backend. */
export interface ExecutorOptions {
  /** The backend's name, for errors. */
  readonly backend: string;
  readonly kernels: KernelTable;
  /** Where the arena and scratch memory come from, for example shared memory. Default: plain `ArrayBuffer`s. */
  readonly allocate?: (bytes: number) => Region;
  /** Whether memory is kept from run to run, within the bounds of `idle-memory.ts`. Default true. */
  readonly keepMemory?: boolean;
  /** Runs a task when it may, for backends whose executables share what only one may use at a time. Default: at once. */
  readonly turn?: <T>(task: () => Promise<T>, signal: AbortSignal | undefined) => Promise<T>;
  /**
   * Whether kernels keep what they need of an input of a node when it is a constant, in a form of their own: then a lazy tensor is handed to
   * them unread, and all others are read once and held. Default: never.
   */
  readonly keepsOwn?: (node: GraphNode, input: string) => boolean;
  /** Called once, when the executable has been disposed and its last run has ended. */
  readonly onRelease?: () => void;
  /** Fill every output and all scratch memory with NaN (integers: all ones) before kernels see them, for tests. Default false. */
  readonly poison?: boolean;
}

/**
 * Makes an executable of a graph. Its runs take turns; outputs are fresh arrays that nothing else refers to. Runs that
 * were called before `dispose` still finish. Memory for intermediates is allocated by a run, and kept for the next one within
 * the bounds of `idle-memory.ts`. Errors: `UNSUPPORTED` when a kernel is missing.
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
  private readonly memory: MemoryPlan;
  private readonly queue: RunQueue;
  private readonly scratch: Scratch;
  /** With their data in memory, all but those that kernels keep. */
  private constants: ReadonlyMap<ValueId, Tensor> | undefined;
  private arena: Region | undefined;
  private disposed = false;
  private released = false;

  constructor(graph: Graph, options: ExecutorOptions) {
    this.graph = graph;
    this.options = options;
    this.memory = planMemory(graph);
    this.queue = new RunQueue(() => this.becomeIdle());
    this.scratch = new Scratch((bytes) => this.allocate(bytes));
  }

  async run(inputs: Tensors, options?: RunOptions): Promise<Tensors> {
    const where = `${this.options.backend}/run`;
    return withRunOptions(where, options, async (runOptions) => {
      const { signal } = runOptions;
      if (this.disposed) throw new AttnError('DISPOSED', where, 'the executable has been disposed');
      throwIfAborted(signal, where);
      const checked = checkRunInputs(this.graph, inputs);
      const { turn = (task) => task() } = this.options;
      const run = () => turn(() => this.runNow(checked, runOptions), signal);
      const result = this.queue.run(run, signal, where);
      idleMemory.remove(this);
      return result;
    });
  }

  dispose(): void {
    this.disposed = true;
    idleMemory.remove(this);
    if (this.queue.isIdle) this.becomeIdle();
  }

  get heldBytes(): number {
    return (this.arena?.byteLength ?? 0) + this.scratch.byteLength;
  }

  releaseMemory(): void {
    if (!this.queue.isIdle) return;
    this.arena?.release();
    this.arena = undefined;
    this.scratch.release();
  }

  private becomeIdle(): void {
    if (!this.disposed && this.options.keepMemory !== false) {
      idleMemory.idle(this);
      return;
    }
    this.releaseMemory();
    if (!this.disposed || this.released) return;
    this.released = true;
    this.options.onRelease?.();
  }

  private async runNow(inputs: Tensors, { signal, onProgress }: RunOptions): Promise<Tensors> {
    const { nodes } = this.graph;
    this.arena ??= this.allocate(this.memory.peakBytes);
    this.readConstants();
    const tensorOf = this.placeValues(inputs);
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
    for (const [index, node] of nodes.entries()) {
      await context.pause();
      this.scratch.reset();
      if (!ops[node.op].isView) {
        const entries = Object.entries(node.inputs).map(([name, id]) => [name, tensorOf(id)] as const);
        const operands = Object.fromEntries(entries);
        checkNodeData(node, operands);
        await this.runNode(node, operands, node.outputs.map(tensorOf), context);
      }
      if (!single) report?.({ done: index + 1, total: nodes.length, unit: 'nodes' });
    }
    return this.takeOutputs(tensorOf);
  }

  private async runNode<K extends OpName>(
    node: NodeOf<K>,
    inputs: Readonly<Record<string, Tensor>>,
    outputs: readonly Tensor[],
    context: KernelContext,
  ): Promise<void> {
    const kernel: Kernel<K> | undefined = this.options.kernels[node.op];
    if (this.options.poison) outputs.forEach(poison);
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

  /** Before the first run: a lazy tensor would otherwise be read again and again. */
  private readConstants(): void {
    if (this.constants !== undefined) return;
    const { graph, options } = this;
    const held = new Set<ValueId>(graph.outputs.values());
    for (const node of graph.nodes) {
      for (const [name, id] of Object.entries(node.inputs)) {
        if (!options.keepsOwn?.(node, name)) held.add(this.memory.storage[id]);
      }
    }
    // All or none: reading may fail, and the next run tries again.
    this.constants = new Map(
      [...graph.constants].map(([id, constant]) => [id, held.has(id) ? inMemory(constant) : constant]),
    );
  }

  /**
   * A tensor for any value: inputs and constants as they are, outputs in fresh arrays, intermediates in the arena. The latter are
   * made anew each time, because an arena that grows may become another buffer.
   */
  private placeValues(inputs: Tensors): (id: ValueId) => Tensor {
    const { storage, placements } = this.memory;
    const owners: Tensor[] = [];
    for (const [name, id] of this.graph.inputs) owners[id] = inputs[name];
    for (const [id, constant] of this.constants ?? []) owners[id] = constant;
    const arrayOf = (owner: ValueId): Tensor['data'] => {
      const spec = this.graph.values[owner];
      const size = sizeOf(spec.shape);
      const placement = placements.get(owner);
      if (placement === undefined || this.arena === undefined) {
        return (owners[owner] ??= { ...spec, data: allocateArray(spec.dtype, size) }).data;
      }
      const { buffer, byteOffset } = this.arena;
      return storageOver(spec.dtype, buffer, byteOffset + placement.offset, size);
    };
    return (id) => {
      const { dtype, shape } = this.graph.values[id];
      return storage[id] === id && owners[id] !== undefined
        ? owners[id]
        : { dtype, shape, data: arrayOf(storage[id]) };
    };
  }

  /** The outputs; those that would share memory with an input, a constant or another output are copied. */
  private takeOutputs(tensorOf: (id: ValueId) => Tensor): Tensors {
    const given = [...this.graph.inputs.values(), ...this.graph.constants.keys()];
    const taken = new Set<unknown>(given.map((id) => dataIdentity(tensorOf(id))));
    const outputs: Record<string, Tensor> = {};
    for (const [name, id] of this.graph.outputs) {
      const { dtype, shape, data } = tensorOf(id);
      outputs[name] = { dtype, shape, data: taken.has(data) ? data.slice() : data };
      taken.add(data);
    }
    return outputs;
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

/** What a kernel must neither leave behind nor rely on: a value that no comparison accepts. */
function poison({ dtype, data }: Pick<Tensor, 'dtype' | 'data'>): void {
  data.fill(dtype === 'f32' ? NaN : dtype === 'f16' ? 0x7e00 : -1);
}
