/** Records dispatches: their parameters in one buffer, a bind group for each, all in one compute pass. */
import type { GpuDevice } from '../device/gpu-device.ts';
import type { RunMemory } from '../device/run-memory.ts';
import { packAllParams, type Binding, type Dispatch } from './dispatch.ts';

/** On every device, uniform bindings may begin at multiples of this many bytes. */
export const ALIGNMENT = 256;

/** What dispatches are recorded with. */
export interface RecordOptions {
  /** The buffers of the commands, which live as long as they do. */
  readonly memory: RunMemory;
  /** The bytes that a binding is. */
  readonly resourceOf: (binding: Binding) => GPUBufferBinding;
  readonly timestampWrites?: GPUComputePassTimestampWrites | undefined;
}

/** Compiles the pipelines of dispatches. Errors: `COMPILE_FAILED`. */
export async function compileDispatches(
  { pipelines }: GpuDevice,
  dispatches: readonly Dispatch[],
): Promise<Map<Dispatch, GPUComputePipeline>> {
  return new Map(
    await Promise.all(
      dispatches.map(async (dispatch) => [dispatch, await pipelines.get(dispatch.kernel)] as const),
    ),
  );
}

/** Records dispatches, in order, without a pause; `pipelines` has those of all of them. */
export function recordDispatches(
  gpu: GpuDevice,
  encoder: GPUCommandEncoder,
  dispatches: readonly Dispatch[],
  pipelines: ReadonlyMap<Dispatch, GPUComputePipeline>,
  { memory, resourceOf, timestampWrites }: RecordOptions,
): void {
  const step = Math.max(ALIGNMENT, gpu.limits.minUniformBufferOffsetAlignment);
  const { words, offsets } = packAllParams(dispatches, step);
  const params = memory.acquire(words.byteLength);
  writeBuffer(gpu, params, words);
  const pass = encoder.beginComputePass({ timestampWrites });
  dispatches.forEach((dispatch, index) => {
    const pipeline = pipelines.get(dispatch);
    if (pipeline === undefined) return;
    const uniform = { buffer: params, offset: offsets[index], size: dispatch.params.byteLength };
    const entries = dispatch.bindings.map((binding, i) => ({
      binding: i + 1,
      resource: resourceOf(binding),
    }));
    const group = gpu.device.createBindGroup({
      layout: pipeline.getBindGroupLayout(0),
      entries: [{ binding: 0, resource: uniform }, ...entries],
    });
    pass.setPipeline(pipeline);
    pass.setBindGroup(0, group);
    pass.dispatchWorkgroups(...dispatch.grid);
  });
  pass.end();
}

/** Writes the beginning of a buffer, before the commands that are submitted next. */
export function writeBuffer(
  { device }: GpuDevice,
  buffer: GPUBuffer,
  words: ArrayBufferView<ArrayBuffer>,
): void {
  if (words.byteLength > 0)
    device.queue.writeBuffer(buffer, 0, words.buffer, words.byteOffset, words.byteLength);
}
