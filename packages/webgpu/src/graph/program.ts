/** A graph, compiled for one device: its constants are uploaded, and each run is one command buffer. */
import { type Graph, type Tensor, type Tensors } from '@attn/core';
import {
  debug,
  debugLevel,
  intoOutputs,
  notify,
  planMemory,
  type MemoryPlan,
  type PlanCache,
  type ValueId,
} from '@attn/core/backend';
import type { GpuDevice } from '../device/gpu-device.ts';
import { RunMemory } from '../device/run-memory.ts';
import { GpuTimer, TIMER_BYTES } from '../device/gpu-timer.ts';
import { emitNode } from '../ops/index.ts';
import type { KernelLimits, NodeProgram, ProgramContext } from './context.ts';
import { ALIGNMENT, compileDispatches, recordDispatches, writeBuffer } from './commands.ts';
import { DeviceScratch, DeviceTable, ValueSlice, type Binding, type Dispatch } from './dispatch.ts';
import type { AnyTensor, GpuTensor } from '../types.ts';
import { isOnGpu } from './gpu-tensor.ts';
import { deviceBytes, fromDevice, isWords, toDevice, toPackedBytes } from './device-format.ts';
import type { GpuStateMemory } from './gpu-state.ts';
import { hasPackedBytes, valueBytes } from './packed-bytes.ts';
import { Staging } from './staging.ts';

const WHERE = 'webgpu/run';

/** How to compile and run programs. */
export interface ProgramOptions extends KernelLimits {
  /** Called after each run with its time on the GPU in milliseconds, where the device has timestamps. */
  readonly onGpuTime?: (ms: number) => void;
}

/** Tensors by name, on either side. */
type AnyTensors = Readonly<Record<string, AnyTensor>>;

/** What a run reads and writes beside constants. */
export interface RunOperands {
  /** Checked and contiguous. */
  readonly inputs: AnyTensors;
  /** The graph's states, on the device of the program; undefined where the graph has none. */
  readonly state?: GpuStateMemory | undefined;
  /** The tensors of the caller that outputs may be written to now. Default: none. */
  readonly targets?: () => Tensors;
}

/** A recorded run, whose commands are not submitted yet. */
interface RecordedRun {
  readonly encoder: GPUCommandEncoder;
  readonly buffers: ReadonlyMap<ValueId, GPUBuffer>;
  readonly timer: GpuTimer | undefined;
  readonly memory: RunMemory;
}

/** One graph, compiled for one device. */
export class Program {
  readonly gpu: GpuDevice;
  private readonly graph: Graph;
  private readonly options: ProgramOptions;
  private readonly memory: MemoryPlan;
  private readonly nodes: readonly NodeProgram[];
  /** Intermediate values by the index of the last node that reads them. */
  private readonly lastReadAt = new Map<number, ValueId[]>();
  private readonly constants = new Map<ValueId, GPUBuffer>();
  /** The tables that dispatches of the last run use. */
  private readonly tables = new Map<DeviceTable, GPUBuffer>();

  private constructor(gpu: GpuDevice, graph: Graph, plans: PlanCache, options: ProgramOptions) {
    this.gpu = gpu;
    this.graph = graph;
    this.options = options;
    this.memory = planMemory(graph);
    for (const [id, { last }] of this.memory.placements) {
      this.lastReadAt.set(last, [...(this.lastReadAt.get(last) ?? []), id]);
    }
    const context: ProgramContext = { graph, limits: options, plans };
    this.nodes = graph.nodes.map((node) => emitNode(context, node));
  }

  /**
   * Uploads the constants and compiles the kernels that every run needs. Errors: `COMPILE_FAILED`,
   * `OUT_OF_MEMORY`.
   */
  static async create(
    gpu: GpuDevice,
    graph: Graph,
    plans: PlanCache,
    options: ProgramOptions,
  ): Promise<Program> {
    const program = new Program(gpu, graph, plans, options);
    try {
      await gpu.withErrorScopes('webgpu/compile', () => {
        program.uploadConstants();
        return compileDispatches(
          gpu,
          program.nodes.flatMap((node) => (node.kind === 'static' ? node.dispatches : [])),
        );
      });
      return program;
    } catch (error) {
      program.dispose();
      throw error;
    }
  }

  /** Runs the graph and reads the outputs back. */
  run(operands: RunOperands): Promise<Tensors> {
    return this.perform(operands, (run) => this.readBack(run, operands.targets));
  }

  /** Runs the graph and leaves the outputs on the device. */
  runOnGpu(operands: RunOperands): Promise<Record<string, GpuTensor>> {
    return this.perform(operands, (run) => this.keepOnGpu(run));
  }

  /** Destroys the constants and tables. */
  dispose(): void {
    for (const buffer of this.constants.values()) this.gpu.buffers.discard(buffer);
    this.constants.clear();
    this.dropTables();
  }

  private dropTables(): void {
    for (const buffer of this.tables.values()) this.gpu.buffers.discard(buffer);
    this.tables.clear();
  }

  /**
   * Compiles the kernels that this run needs in addition, then records the run and ends it with `finish`.
   * Recording and ending happen without a pause, so that the device's errors belong to this run. After a
   * fault the run's buffers are destroyed: they may still be mapped, or the device may have had no memory for
   * them.
   */
  private async perform<T>(operands: RunOperands, finish: (run: RecordedRun) => T | Promise<T>): Promise<T> {
    const { gpu } = this;
    const host = hostInputs(operands.inputs);
    const dispatches = this.nodes.flatMap((node) =>
      node.kind === 'static' ? node.dispatches : node.dispatches(host),
    );
    const pipelines = await gpu.unlessLost(WHERE, () => compileDispatches(gpu, dispatches));
    const memory = new RunMemory(gpu.buffers);
    try {
      const result = await gpu.withErrorScopes(WHERE, () =>
        finish(this.record(operands, dispatches, pipelines, memory)),
      );
      memory.release();
      return result;
    } catch (error) {
      memory.discard();
      this.dropTables();
      throw error;
    }
  }

  private record(
    operands: RunOperands,
    dispatches: readonly Dispatch[],
    pipelines: ReadonlyMap<Dispatch, GPUComputePipeline>,
    memory: RunMemory,
  ): RecordedRun {
    const { gpu } = this;
    this.syncTables(dispatches);
    const buffers = this.placeValues(operands, memory);
    const scratch = new Map<DeviceScratch, GPUBuffer>();
    for (const binding of dispatches.flatMap(({ bindings }) => bindings)) {
      if (binding instanceof DeviceScratch && !scratch.has(binding))
        scratch.set(binding, memory.acquire(binding.bytes));
    }
    const encoder = gpu.device.createCommandEncoder();
    const timer = dispatches.length > 0 && this.measuresTime() ? gpu.timer : undefined;
    recordDispatches(gpu, encoder, dispatches, pipelines, {
      memory,
      resourceOf: (binding) => this.resourceOf(binding, buffers, scratch),
      timestampWrites: timer?.writes,
    });
    return { encoder, buffers, timer, memory };
  }

  private measuresTime(): boolean {
    return this.options.onGpuTime !== undefined || debugLevel() >= 2;
  }

  private reportTime(words: ArrayBuffer): void {
    const ms = GpuTimer.read(words);
    debug(2, () => `webgpu: ${ms.toFixed(3)} ms on the GPU`);
    if (this.options.onGpuTime !== undefined) notify(this.options.onGpuTime, ms);
  }

  private uploadConstants(): void {
    const used = new Set(this.graph.nodes.flatMap(({ inputs }) => Object.values(inputs)));
    for (const id of this.graph.outputs.values()) used.add(this.memory.storage[id]);
    for (const [id, tensor] of this.graph.constants) {
      if (!used.has(id)) continue;
      const buffer = this.gpu.buffers.acquire(valueBytes(this.graph, id, this.options));
      this.constants.set(id, buffer);
      const isPacked = hasPackedBytes(this.graph, id);
      writeBuffer(this.gpu, buffer, isPacked ? toPackedBytes(tensor) : toDevice(tensor, this.options));
    }
  }

  /** Uploads new tables and destroys those that no dispatch uses any more. */
  private syncTables(dispatches: readonly Dispatch[]): void {
    const used = new Set(
      dispatches.flatMap(({ bindings }) => bindings.filter((binding) => binding instanceof DeviceTable)),
    );
    for (const [table, buffer] of this.tables) {
      if (used.has(table)) continue;
      this.gpu.buffers.discard(buffer);
      this.tables.delete(table);
    }
    for (const table of used) {
      if (this.tables.has(table)) continue;
      const buffer = this.gpu.buffers.acquire(table.words.byteLength);
      this.tables.set(table, buffer);
      writeBuffer(this.gpu, buffer, table.words);
    }
  }

  /** Assigns each value of a run to a buffer. Values that are never alive together share buffers. */
  private placeValues({ inputs, state }: RunOperands, runMemory: RunMemory): Map<ValueId, GPUBuffer> {
    const { graph, memory } = this;
    const buffers = new Map(this.constants);
    if (state !== undefined) for (const [name, id] of graph.states) buffers.set(id, state.buffer(name));
    for (const [name, id] of graph.inputs) {
      const input = inputs[name];
      const buffer = isOnGpu(input)
        ? input.buffer
        : runMemory.acquire(deviceBytes(graph.values[id], this.options));
      buffers.set(id, buffer);
      if (!isOnGpu(input)) writeBuffer(this.gpu, buffer, toDevice(input, this.options));
    }
    const idle: GPUBuffer[] = [];
    graph.nodes.forEach(({ outputs }, index) => {
      for (const id of outputs) {
        if (memory.storage[id] !== id || buffers.has(id)) continue;
        const bytes = deviceBytes(graph.values[id], this.options);
        const fits = idle.findIndex(({ size }) => size >= bytes && size <= 2 * bytes + ALIGNMENT);
        buffers.set(id, fits < 0 ? runMemory.acquire(bytes) : idle.splice(fits, 1)[0]);
      }
      for (const id of this.lastReadAt.get(index) ?? []) {
        const buffer = buffers.get(id);
        if (buffer !== undefined) idle.push(buffer);
      }
    });
    return buffers;
  }

  /** A binding as WebGPU takes it. It is never larger than the device allows, though its buffer may be. */
  private resourceOf(
    binding: Binding,
    buffers: ReadonlyMap<ValueId, GPUBuffer>,
    scratch: ReadonlyMap<DeviceScratch, GPUBuffer>,
  ): GPUBufferBinding {
    const buffer = this.bufferOf(binding, buffers, scratch);
    const { offset, bytes } = binding instanceof ValueSlice ? binding : { offset: 0, bytes: buffer.size };
    return {
      buffer,
      offset,
      size: Math.min(Math.ceil(bytes / 16) * 16, buffer.size - offset, this.options.bindingBytes),
    };
  }

  private bufferOf(
    binding: Binding,
    buffers: ReadonlyMap<ValueId, GPUBuffer>,
    scratch?: ReadonlyMap<DeviceScratch, GPUBuffer>,
  ): GPUBuffer {
    const buffer =
      binding instanceof DeviceTable
        ? this.tables.get(binding)
        : binding instanceof DeviceScratch
          ? scratch?.get(binding)
          : buffers.get(this.memory.storage[binding instanceof ValueSlice ? binding.id : binding]);
    if (buffer === undefined) throw new RangeError('a kernel reads a value without a buffer');
    return buffer;
  }

  /** Ends the commands with copies of the outputs, submits them, and waits for the copies. */
  private async readBack(
    { encoder, buffers, timer, memory }: RecordedRun,
    targets: () => Tensors = () => ({}),
  ): Promise<Tensors> {
    const { gpu, graph } = this;
    const results = [...graph.outputs].map(([name, id]) => ({ name, spec: graph.values[id], id }));
    const sizes = results.map(({ spec }) => deviceBytes(spec, this.options));
    if (timer !== undefined) sizes.push(TIMER_BYTES);
    const staging = new Staging(memory, sizes, gpu.limits.maxBufferSize);
    results.forEach(({ id }, index) => {
      const { buffer, offset, bytes } = staging.places[index];
      if (bytes > 0) encoder.copyBufferToBuffer(this.bufferOf(id, buffers), 0, buffer, offset, bytes);
    });
    if (timer !== undefined) {
      const { buffer, offset } = staging.places[results.length];
      timer.resolve(encoder, buffer, offset);
    }
    gpu.device.queue.submit([encoder.finish()]);
    let words: Tensors = {};
    const parts = await staging.read(() => {
      words = Object.fromEntries(Object.entries(targets()).filter(([, tensor]) => isWords(tensor)));
      return results.map(({ name }) => words[name]?.data);
    });
    if (timer !== undefined) this.reportTime(parts[results.length]);
    const outputs: Record<string, Tensor> = {};
    results.forEach(({ name, spec }, index) => {
      outputs[name] = words[name] ?? fromDevice(spec, parts[index], this.options);
    });
    return intoOutputs(outputs, targets());
  }

  /**
   * Submits the commands and leaves the outputs to the caller. An output that shares its buffer is copied
   * first.
   */
  private keepOnGpu({ encoder, buffers, memory: runMemory }: RecordedRun): Record<string, GpuTensor> {
    const { gpu, graph, memory } = this;
    const storages = [...graph.outputs.values()].map((id) => memory.storage[id]);
    const lasting = new Set([...graph.inputs.values(), ...graph.states.values(), ...this.constants.keys()]);
    const outputs: Record<string, GpuTensor> = {};
    for (const [name, id] of graph.outputs) {
      const storage = memory.storage[id];
      const isOnly = storages.filter((other) => other === storage).length === 1;
      let buffer = this.bufferOf(id, buffers);
      if (!isOnly || lasting.has(storage)) {
        const source = buffer;
        const bytes = deviceBytes(graph.values[id], this.options);
        buffer = runMemory.acquire(bytes);
        if (bytes > 0) encoder.copyBufferToBuffer(source, 0, buffer, 0, bytes);
      }
      runMemory.retain(buffer);
      const { dtype, shape } = graph.values[id];
      const dispose = once(() => gpu.buffers.release(buffer));
      outputs[name] = { dtype, shape, buffer, dispose, [Symbol.dispose]: dispose };
    }
    gpu.device.queue.submit([encoder.finish()]);
    return outputs;
  }
}

/**
 * An action that only the first call performs: by the second call, the buffer may belong to another tensor.
 */
function once(action: () => void): () => void {
  let isDone = false;
  return () => {
    if (!isDone) action();
    isDone = true;
  };
}

/** The inputs in host memory. */
function hostInputs(inputs: Readonly<Record<string, AnyTensor>>): Record<string, Tensor> {
  const host: Record<string, Tensor> = {};
  for (const [name, input] of Object.entries(inputs)) if (!isOnGpu(input)) host[name] = input;
  return host;
}
