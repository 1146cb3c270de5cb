/**
 * States in buffers of the device. Runs bind the buffers, and kernels read and write them in place. Only
 * `read` and `write` move tensors between host and device.
 */
import { AttnError, type State, type Tensor, type TensorSpec } from '@attn/core';
import { contiguousStrides, sizeOf, States, type StateMemory } from '@attn/core/backend';
import type { GpuDevice } from '../device/gpu-device.ts';
import { RunMemory } from '../device/run-memory.ts';
import { GATHER_PARAMS, gatherKernel } from '../kernels/elementwise.ts';
import { moveDispatches } from '../kernels/move.ts';
import { elementGrid, packParams, type ElementType } from '../kernels/wgsl.ts';
import { ALIGNMENT, compileDispatches, recordDispatches, writeBuffer } from './commands.ts';
import { deviceBytes, fromDevice, toDevice } from './device-format.ts';
import type { Binding, Dispatch } from './dispatch.ts';
import { Staging } from './staging.ts';

const WHERE = 'webgpu/state';

/** The states of a backend. */
export class GpuStates extends States<GpuStateMemory> {
  private readonly device: () => Promise<GpuDevice>;

  /** @param device the device where new states live */
  constructor(device: () => Promise<GpuDevice>) {
    super('webgpu');
    this.device = device;
  }

  /** Creates a state of zeros: `Backend.createState`. */
  createState(specs: Readonly<Record<string, TensorSpec>>): Promise<State> {
    return this.create(specs, async (checked) => GpuStateMemory.create(await this.device(), checked));
  }
}

/** A tensor of a state. Its buffer may be larger. */
interface Held extends TensorSpec {
  readonly buffer: GPUBuffer;
}

/** A tensor that gets another shape, and the dispatches that fill its new buffer. */
interface Change extends TensorSpec {
  readonly name: string;
  readonly from: Held;
  readonly dispatches: readonly Dispatch[];
}

/** The buffers of one state, all on one device. All methods throw `DEVICE_LOST` once it was lost. */
export class GpuStateMemory implements StateMemory<GpuStateMemory> {
  /** The device of the buffers. */
  readonly gpu: GpuDevice;
  private readonly held: Map<string, Held>;

  private constructor(gpu: GpuDevice, held: Map<string, Held>) {
    this.gpu = gpu;
    this.held = held;
  }

  /** Allocates tensors of zeros. Errors: `OUT_OF_MEMORY`. */
  static create(gpu: GpuDevice, specs: Readonly<Record<string, TensorSpec>>): Promise<GpuStateMemory> {
    return submit(gpu, (encoder, memory) => {
      const held = new Map<string, Held>();
      for (const [name, spec] of Object.entries(specs)) {
        const buffer = allocate(gpu, memory, name, spec);
        clear(gpu, encoder, { ...spec, buffer });
        held.set(name, { ...spec, buffer });
      }
      return new GpuStateMemory(gpu, held);
    });
  }

  /** The buffer of a tensor, until the next `reorder` or `resize`. */
  buffer(name: string): GPUBuffer {
    return this.get(name).buffer;
  }

  read(name: string): Promise<Tensor> {
    const { gpu } = this;
    const held = this.get(name);
    return withCommands(gpu, async (encoder, memory) => {
      const staging = new Staging(memory, [deviceBytes(held, gpu)], gpu.limits.maxBufferSize);
      const [{ buffer, offset, bytes }] = staging.places;
      if (bytes > 0) encoder.copyBufferToBuffer(held.buffer, 0, buffer, offset, bytes);
      gpu.device.queue.submit([encoder.finish()]);
      const [data] = await staging.read();
      const { dtype, shape } = held;
      return fromDevice({ dtype, shape }, data, gpu);
    });
  }

  async write(name: string, tensor: Tensor): Promise<void> {
    const { gpu } = this;
    await gpu.withErrorScopes(WHERE, () => writeBuffer(gpu, this.buffer(name), toDevice(tensor, gpu)));
  }

  reorder(rows: Int32Array, names: readonly string[]): Promise<void> {
    const indices = names.length;
    const changes = names.map((name, index): Change => {
      const from = this.get(name);
      const shape = from.shape.with(0, rows.length);
      const inner = sizeOf(shape.slice(1));
      const count = rows.length * inner;
      const params = { count, inner, indices: rows.length, extent: from.shape[0] };
      const dispatch = {
        kernel: gatherKernel(this.elementOf(from)),
        params: packParams(GATHER_PARAMS, params),
        bindings: [source(index), source(indices), target(index)],
        grid: elementGrid(count),
      };
      return { name, from, dtype: from.dtype, shape, dispatches: count === 0 ? [] : [dispatch] };
    });
    return this.apply(changes, (_, memory, buffers) => {
      const table = memory.acquire(rows.byteLength);
      writeBuffer(this.gpu, table, Int32Array.from(rows));
      buffers.set(source(indices), { buffer: table });
    });
  }

  fork(): Promise<GpuStateMemory> {
    const { gpu } = this;
    return submit(gpu, (encoder, memory) => {
      const held = new Map<string, Held>();
      for (const [name, from] of this.held) {
        const buffer = allocate(gpu, memory, name, from);
        const bytes = deviceBytes(from, gpu);
        if (bytes > 0) encoder.copyBufferToBuffer(from.buffer, 0, buffer, 0, bytes);
        held.set(name, { ...from, buffer });
      }
      return new GpuStateMemory(gpu, held);
    });
  }

  resize(name: string, shape: readonly number[]): Promise<void> {
    const from = this.get(name);
    const dispatches = moveDispatches(
      {
        shape: from.shape,
        from: { id: source(0), offset: 0, strides: contiguousStrides(from.shape) },
        to: { id: target(0), offset: 0, strides: contiguousStrides(shape) },
      },
      this.elementOf(from),
    );
    const change = { name, from, dtype: from.dtype, shape, dispatches };
    return this.apply([change], (encoder, _, __, [to]) => clear(this.gpu, encoder, to));
  }

  dispose(): void {
    for (const { buffer } of this.held.values()) this.gpu.buffers.release(buffer);
    this.held.clear();
  }

  /**
   * Gives tensors other buffers, and fills these by dispatches. Buffers that become free on the way serve the
   * next tensor, so that beams need room for one more tensor, not for all.
   *
   * @param prepare what comes before the dispatches; it may add bindings
   */
  private async apply(
    changes: readonly Change[],
    prepare: (
      encoder: GPUCommandEncoder,
      memory: RunMemory,
      buffers: Map<Binding, GPUBufferBinding>,
      targets: readonly Held[],
    ) => void,
  ): Promise<void> {
    const { gpu } = this;
    const dispatches = changes.flatMap((change) => change.dispatches);
    const pipelines = await gpu.unlessLost(WHERE, () => compileDispatches(gpu, dispatches));
    const { targets, spares } = await submit(gpu, (encoder, memory) => {
      const free: GPUBuffer[] = [];
      const buffers = new Map<Binding, GPUBufferBinding>();
      const created = changes.map(({ name, from, dtype, shape }, index): Held => {
        const bytes = deviceBytes({ dtype, shape }, gpu);
        const fits = free.findIndex(({ size }) => size >= bytes && size <= 2 * bytes + ALIGNMENT);
        const buffer = fits < 0 ? allocate(gpu, memory, name, { dtype, shape }) : free.splice(fits, 1)[0];
        const to = { dtype, shape, buffer };
        buffers.set(source(index), resourceOf(gpu, from));
        buffers.set(target(index), resourceOf(gpu, to));
        free.push(from.buffer);
        return to;
      });
      prepare(encoder, memory, buffers, created);
      recordDispatches(gpu, encoder, dispatches, pipelines, {
        memory,
        resourceOf(binding) {
          const resource = buffers.get(binding);
          if (resource === undefined) throw new RangeError('a kernel reads a tensor without a buffer');
          return resource;
        },
      });
      return { targets: created, spares: free };
    });
    changes.forEach(({ name }, index) => this.held.set(name, targets[index]));
    for (const buffer of spares) gpu.buffers.release(buffer);
  }

  private get(name: string): Held {
    const held = this.held.get(name);
    if (held === undefined) throw new AttnError('INTERNAL', WHERE, `there is no ${name}`);
    return held;
  }

  private elementOf({ dtype }: TensorSpec): ElementType {
    return dtype === 'f16' && this.gpu.hasF16 ? 'f16' : 'u32';
  }
}

/** The bindings of the tensor number `index` of `apply`: as it was, and as it will be. */
function source(index: number): number {
  return 2 * index;
}

function target(index: number): number {
  return 2 * index + 1;
}

/** A tensor as a binding. It is never larger than the device allows, though its buffer may be. */
function resourceOf(gpu: GpuDevice, held: Held): GPUBufferBinding {
  const { buffer } = held;
  return { buffer, size: Math.max(4, Math.min(Math.ceil(deviceBytes(held, gpu) / 16) * 16, buffer.size)) };
}

/** A buffer for a tensor, kept if commands succeed. Errors: `OUT_OF_MEMORY` where no kernel could bind it. */
function allocate(gpu: GpuDevice, memory: RunMemory, name: string, spec: TensorSpec): GPUBuffer {
  const bytes = deviceBytes(spec, gpu);
  const { maxStorageBufferBindingSize: most } = gpu.limits;
  if (bytes > most) {
    const message = `state ${name} takes ${bytes} bytes, and this device binds at most ${most}`;
    throw new AttnError('OUT_OF_MEMORY', WHERE, message);
  }
  const buffer = memory.acquire(bytes);
  memory.retain(buffer);
  return buffer;
}

function clear(gpu: GpuDevice, encoder: GPUCommandEncoder, held: Held): void {
  const bytes = deviceBytes(held, gpu);
  if (bytes > 0) encoder.clearBuffer(held.buffer, 0, bytes);
}

/** Records and submits commands. After a fault nothing has changed, and the new buffers are destroyed. */
function submit<T>(gpu: GpuDevice, record: (encoder: GPUCommandEncoder, memory: RunMemory) => T): Promise<T> {
  return withCommands(gpu, async (encoder, memory) => {
    const result = record(encoder, memory);
    gpu.device.queue.submit([encoder.finish()]);
    return result;
  });
}

/** Does work with an encoder and buffers, which are destroyed after a fault. */
async function withCommands<T>(
  gpu: GpuDevice,
  work: (encoder: GPUCommandEncoder, memory: RunMemory) => Promise<T>,
): Promise<T> {
  const memory = new RunMemory(gpu.buffers);
  try {
    const result = await gpu.withErrorScopes(WHERE, () => work(gpu.device.createCommandEncoder(), memory));
    memory.release();
    return result;
  } catch (error) {
    memory.discard();
    throw error;
  }
}
