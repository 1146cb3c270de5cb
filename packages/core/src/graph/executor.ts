/**
 * Runs a graph node by node on kernels that work in host memory. It owns what every such backend would otherwise
 * repeat: checked inputs, an arena for intermediates, fresh outputs, turns between overlapping runs, pauses, aborts,
 * progress, and errors that say which op failed.
 */
import type { Executable, RunOptions, Tensors } from '../backend.ts';
import { AttnError, throwIfAborted } from '../errors.ts';
import type { OpName } from '../ops/attributes.ts';
import { ops } from '../ops/index.ts';
import { allocate as allocateArray, sizeOf, storageOver, type Tensor } from '../tensor.ts';
import { namedInputs, type Graph, type NodeOf, type ValueId } from './graph.ts';
import { idleMemory, type MemoryHolder } from './idle-memory.ts';
import type { Kernel, KernelContext, KernelTable } from './kernel.ts';
import { planMemory, type MemoryPlan } from './memory.ts';
import { checkNodeData } from './node-data.ts';
import { createPause } from './pause.ts';
import { throttleProgress } from './progress.ts';
import { checkRunInputs } from './run-inputs.ts';
import { RunQueue } from './run-queue.ts';
import { Scratch } from './scratch.ts';

/** What the executor needs of a backend. */
export interface ExecutorOptions {
  /** The backend's name, for errors. */
  readonly backend: string;
  readonly kernels: KernelTable;
  /**
   * Where the arena and scratch memory come from, for example shared memory; garbage collection takes them back. Default
   * plain `ArrayBuffer`s.
   */
  readonly allocate?: (bytes: number) => ArrayBufferLike;
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
  private arena: ArrayBufferLike | undefined;
  private disposed = false;

  constructor(graph: Graph, options: ExecutorOptions) {
    this.graph = graph;
    this.options = options;
    this.memory = planMemory(graph);
    this.queue = new RunQueue(() => {
      if (this.disposed) this.releaseMemory();
      else idleMemory.idle(this);
    });
    this.scratch = new Scratch((bytes) => this.allocate(bytes));
  }

  async run(inputs: Tensors, options: RunOptions = {}): Promise<Tensors> {
    const where = `${this.options.backend}/run`;
    if (this.disposed) throw new AttnError('DISPOSED', where, 'the executable has been disposed');
    throwIfAborted(options.signal, where);
    const checked = checkRunInputs(this.graph, inputs);
    const result = this.queue.run(() => this.runNow(checked, options), options.signal, where);
    idleMemory.remove(this);
    return result;
  }

  dispose(): void {
    this.disposed = true;
    idleMemory.remove(this);
  }

  get heldBytes(): number {
    return (this.arena?.byteLength ?? 0) + this.scratch.byteLength;
  }

  releaseMemory(): void {
    if (!this.queue.isIdle) return;
    this.arena = undefined;
    this.scratch.release();
  }

  private async runNow(inputs: Tensors, { signal, onProgress }: RunOptions): Promise<Tensors> {
    const { nodes } = this.graph;
    this.arena ??= this.allocate(this.memory.peakBytes);
    const tensors = this.placeValues(inputs);
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
        const operands = namedInputs(node, tensors);
        checkNodeData(node, operands);
        await this.runNode(node, operands, tensors, context);
      }
      if (!single) report?.({ done: index + 1, total: nodes.length, unit: 'nodes' });
    }
    return this.takeOutputs(tensors);
  }

  private async runNode<K extends OpName>(
    node: NodeOf<K>,
    inputs: Readonly<Record<string, Tensor>>,
    tensors: readonly Tensor[],
    context: KernelContext,
  ): Promise<void> {
    const kernel: Kernel<K> | undefined = this.options.kernels[node.op];
    const outputs = node.outputs.map((id) => tensors[id]);
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

  /** A tensor for every value: inputs and constants as they are, intermediates in the arena, outputs in fresh arrays. */
  private placeValues(inputs: Tensors): Tensor[] {
    const { storage, placements } = this.memory;
    const owners: Tensor[] = [];
    for (const [name, id] of this.graph.inputs) owners[id] = inputs[name];
    for (const [id, constant] of this.graph.constants) owners[id] = constant;
    return this.graph.values.map(({ dtype, shape }, id) => {
      const owner = storage[id];
      owners[owner] ??= this.place(owner, placements.get(owner)?.offset);
      return owner === id ? owners[owner] : { dtype, shape, data: owners[owner].data };
    });
  }

  private place(id: ValueId, offset: number | undefined): Tensor {
    const { dtype, shape } = this.graph.values[id];
    const size = sizeOf(shape);
    const { arena } = this;
    const data =
      offset === undefined || !arena ? allocateArray(dtype, size) : storageOver(dtype, arena, offset, size);
    return { dtype, shape, data };
  }

  /** The outputs; those that would share memory with an input, a constant or another output are copied. */
  private takeOutputs(tensors: readonly Tensor[]): Tensors {
    const taken = new Set<unknown>(
      [...this.graph.inputs.values(), ...this.graph.constants.keys()].map((id) => tensors[id].data),
    );
    const outputs: Record<string, Tensor> = {};
    for (const [name, id] of this.graph.outputs) {
      const { dtype, shape, data } = tensors[id];
      outputs[name] = { dtype, shape, data: taken.has(data) ? data.slice() : data };
      taken.add(data);
    }
    return outputs;
  }

  private allocate(bytes: number): ArrayBufferLike {
    try {
      return this.options.allocate?.(bytes) ?? new ArrayBuffer(bytes);
    } catch (cause) {
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
