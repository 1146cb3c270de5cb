/** A graph on one device: its constants are there, and a run is one command buffer. */
import {
  debug,
  debugLevel,
  planMemory,
  type Graph,
  type MemoryPlan,
  type PlanCache,
  type Tensor,
  type Tensors,
  type ValueId,
} from '@attn/core';
import type { GpuDevice } from '../device/gpu-device.ts';
import { GpuTimer, TIMER_BYTES } from '../device/gpu-timer.ts';
import { emitNode } from '../ops/index.ts';
import type { KernelLimits, NodeProgram, ProgramContext } from './context.ts';
import { DeviceScratch, DeviceTable, type Binding, type Dispatch } from './dispatch.ts';
import { deviceBytes, fromWords, toWords } from './words.ts';

/** Buffers and uniform bindings begin at multiples of this, whatever the device. */
const ALIGNMENT = 256;

const MAP_READ = 1;

/** How to make and to run programs. */
export interface ProgramOptions extends KernelLimits {
  /** Told how long each run took on the GPU, in milliseconds, where the device has timestamps. */
  readonly onGpuTime?: (ms: number) => void;
}

/** One graph, compiled for one device. */
export class Program {
  readonly gpu: GpuDevice;
  private readonly graph: Graph;
  private readonly options: ProgramOptions;
  private readonly memory: MemoryPlan;
  private readonly nodes: readonly NodeProgram[];
  private readonly constants = new Map<ValueId, GPUBuffer>();
  /** On the device for as long as dispatches use them. */
  private readonly tables = new Map<DeviceTable, GPUBuffer>();

  private constructor(gpu: GpuDevice, graph: Graph, plans: PlanCache, options: ProgramOptions) {
    this.gpu = gpu;
    this.graph = graph;
    this.options = options;
    this.memory = planMemory(graph);
    const context: ProgramContext = { graph, limits: options, plans };
    this.nodes = graph.nodes.map((node) => emitNode(context, node) ?? { kind: 'static', dispatches: [] });
  }

  /** Uploads the constants and compiles what is known to be needed. */
  static async create(
    gpu: GpuDevice,
    graph: Graph,
    plans: PlanCache,
    options: ProgramOptions,
  ): Promise<Program> {
    const program = new Program(gpu, graph, plans, options);
    try {
      await gpu.guarded('webgpu/compile', async () => {
        program.upload();
        const known = program.nodes.flatMap((node) => (node.kind === 'static' ? node.dispatches : []));
        await Promise.all(known.map(({ kernel }) => gpu.pipelines.get(kernel)));
      });
      return program;
    } catch (error) {
      program.release();
      throw error;
    }
  }

  /** One run. Inputs are checked and contiguous. */
  run(inputs: Readonly<Record<string, Tensor>>): Promise<Tensors> {
    return this.gpu.guarded('webgpu/run', () => this.runNow(inputs));
  }

  /** Gives everything back to the device. */
  release(): void {
    for (const buffer of this.constants.values()) this.gpu.buffers.discard(buffer);
    for (const buffer of this.tables.values()) this.gpu.buffers.discard(buffer);
    this.constants.clear();
    this.tables.clear();
  }

  private async runNow(inputs: Readonly<Record<string, Tensor>>): Promise<Tensors> {
    const { gpu } = this;
    const perNode = this.nodes.map((node) =>
      node.kind === 'static' ? node.dispatches : node.dispatches(inputs),
    );
    const dispatches = perNode.flat();
    const pipelines = new Map<Dispatch, GPUComputePipeline>();
    await Promise.all(
      dispatches.map(async (each) => pipelines.set(each, await gpu.pipelines.get(each.kernel))),
    );
    this.keepTables(dispatches);

    const taken: GPUBuffer[] = [];
    const acquire = (bytes: number): GPUBuffer => {
      const buffer = gpu.buffers.acquire(bytes);
      taken.push(buffer);
      return buffer;
    };
    try {
      const buffers = this.place(inputs, acquire);
      const scratch = new Map<DeviceScratch, GPUBuffer>();
      for (const binding of dispatches.flatMap(({ bindings }) => bindings)) {
        if (binding instanceof DeviceScratch && !scratch.has(binding))
          scratch.set(binding, acquire(binding.bytes));
      }
      const [params, offsets] = this.uploadParams(dispatches, acquire);
      const encoder = gpu.device.createCommandEncoder();
      const timer = dispatches.length > 0 && this.wantsTime() ? gpu.timer : undefined;
      if (dispatches.length > 0) {
        const pass = encoder.beginComputePass({ timestampWrites: timer?.writes });
        dispatches.forEach((dispatch, index) => {
          const pipeline = pipelines.get(dispatch);
          if (pipeline === undefined) return;
          const entries = dispatch.bindings.map((binding, i) => ({
            binding: i + 1,
            resource: { buffer: this.bufferOf(binding, buffers, scratch) },
          }));
          const uniform = { buffer: params, offset: offsets[index], size: dispatch.params.byteLength };
          const layout = pipeline.getBindGroupLayout(0);
          const group = gpu.device.createBindGroup({
            layout,
            entries: [{ binding: 0, resource: uniform }, ...entries],
          });
          pass.setPipeline(pipeline);
          pass.setBindGroup(0, group);
          pass.dispatchWorkgroups(...dispatch.grid);
        });
        pass.end();
      }
      return await this.readBack(encoder, buffers, timer);
    } finally {
      for (const buffer of taken) gpu.buffers.release(buffer);
    }
  }

  private wantsTime(): boolean {
    return this.options.onGpuTime !== undefined || debugLevel() >= 2;
  }

  private tellTime(words: ArrayBuffer): void {
    const ms = GpuTimer.read(words);
    debug(2, () => `webgpu: ${ms.toFixed(3)} ms on the GPU`);
    this.options.onGpuTime?.(ms);
  }

  private upload(): void {
    const used = new Set(this.graph.nodes.flatMap(({ inputs }) => Object.values(inputs)));
    for (const id of this.graph.outputs.values()) used.add(this.memory.storage[id]);
    for (const [id, tensor] of this.graph.constants) {
      if (!used.has(id)) continue;
      const buffer = this.gpu.buffers.acquire(deviceBytes(tensor));
      this.constants.set(id, buffer);
      this.write(buffer, toWords(tensor));
    }
  }

  private write(buffer: GPUBuffer, words: ArrayBufferView<ArrayBuffer>): void {
    if (words.byteLength > 0) {
      this.gpu.device.queue.writeBuffer(buffer, 0, words.buffer, words.byteOffset, words.byteLength);
    }
  }

  /** Uploads tables that are new and gives up those that nothing uses any more. */
  private keepTables(dispatches: readonly Dispatch[]): void {
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
      this.write(buffer, table.words);
    }
  }

  /** Where each value lies in this run: values that are never alive together share buffers. */
  private place(
    inputs: Readonly<Record<string, Tensor>>,
    acquire: (bytes: number) => GPUBuffer,
  ): Map<ValueId, GPUBuffer> {
    const { graph, memory } = this;
    const buffers = new Map(this.constants);
    for (const [name, id] of graph.inputs) {
      const buffer = acquire(deviceBytes(graph.values[id]));
      buffers.set(id, buffer);
      this.write(buffer, toWords(inputs[name]));
    }
    const idle: GPUBuffer[] = [];
    graph.nodes.forEach(({ outputs }, index) => {
      for (const id of outputs) {
        if (memory.storage[id] !== id || buffers.has(id)) continue;
        const bytes = deviceBytes(graph.values[id]);
        const fits = idle.findIndex(({ size }) => size >= bytes && size <= 2 * bytes + ALIGNMENT);
        buffers.set(id, fits < 0 ? acquire(bytes) : idle.splice(fits, 1)[0]);
      }
      for (const [id, { last }] of memory.placements) {
        const buffer = buffers.get(id);
        if (last === index && buffer !== undefined) idle.push(buffer);
      }
    });
    return buffers;
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
          : buffers.get(this.memory.storage[binding]);
    if (buffer === undefined) throw new RangeError('a kernel reads what is nowhere');
    return buffer;
  }

  private uploadParams(
    dispatches: readonly Dispatch[],
    acquire: (bytes: number) => GPUBuffer,
  ): [GPUBuffer, readonly number[]] {
    const step = Math.max(ALIGNMENT, this.gpu.limits.minUniformBufferOffsetAlignment);
    const offsets: number[] = [];
    let size = 0;
    for (const { params } of dispatches) {
      offsets.push(size);
      size += Math.ceil(params.byteLength / step) * step;
    }
    const words = new Uint32Array(size / 4);
    dispatches.forEach(({ params }, index) => words.set(params, offsets[index] / 4));
    const buffer = acquire(Math.max(size, step));
    this.write(buffer, words);
    return [buffer, offsets];
  }

  /** Ends the command buffer with copies of the outputs, and waits for them. */
  private async readBack(
    encoder: GPUCommandEncoder,
    buffers: ReadonlyMap<ValueId, GPUBuffer>,
    timer: GpuTimer | undefined,
  ): Promise<Tensors> {
    const { gpu, graph } = this;
    const places = [...graph.outputs].map(([name, id]) => ({ name, spec: graph.values[id], id, offset: 0 }));
    let size = 0;
    for (const place of places) {
      place.offset = size;
      size += Math.ceil(deviceBytes(place.spec) / ALIGNMENT) * ALIGNMENT;
    }
    const timerOffset = size;
    if (timer !== undefined) size += ALIGNMENT;
    const staging = gpu.buffers.acquireStaging(size);
    try {
      for (const { spec, id, offset } of places) {
        const bytes = deviceBytes(spec);
        if (bytes > 0) encoder.copyBufferToBuffer(this.bufferOf(id, buffers), 0, staging, offset, bytes);
      }
      timer?.resolve(encoder, staging, timerOffset);
      gpu.device.queue.submit([encoder.finish()]);
      await staging.mapAsync(MAP_READ, 0, Math.max(4, size));
      const outputs: Record<string, Tensor> = {};
      const mapped = staging.getMappedRange(0, Math.max(4, size));
      for (const { name, spec, offset } of places) {
        outputs[name] = fromWords(spec, mapped.slice(offset, offset + deviceBytes(spec)));
      }
      if (timer !== undefined) this.tellTime(mapped.slice(timerOffset, timerOffset + TIMER_BYTES));
      staging.unmap();
      return outputs;
    } finally {
      gpu.buffers.release(staging);
    }
  }
}
