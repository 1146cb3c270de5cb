/**
 * The types that callers see. They name WebGPU's own types only where the caller's TypeScript knows them: its
 * library has them from version 6 on, and `@webgpu/types` brings them to earlier ones.
 */
import type { Tensor, Tensors, TensorSpec } from '@attn/core';
import type { Executable, RunOptions } from '@attn/core/backend';

type GpuNames = typeof globalThis;

/** A `GPUDevice`, or any object where TypeScript knows none. */
export type DeviceOfHost = GpuNames extends { GPUDevice: { prototype: infer T extends object } } ? T : object;

/** A `GPUBuffer`, or any object where TypeScript knows none. */
export type BufferOfHost = GpuNames extends { GPUBuffer: { prototype: infer T extends object } } ? T : object;

/** How to choose a device. */
export interface DeviceOptions {
  /** A device of the application's own: it is used as it is, and never destroyed. */
  readonly device?: DeviceOfHost;
  /** Which adapter to ask for. */
  readonly powerPreference?: 'low-power' | 'high-performance';
}

/**
 * A tensor in a buffer, row-major from its start: f32 and integers as they are, flags as words 0 and 1,
 * halves as they are where the device has the feature `shader-f16`, as f32 where not.
 */
export interface GpuTensorInput extends TensorSpec {
  /** With the usage `STORAGE`, and of the device that the backend uses. */
  readonly buffer: BufferOfHost;
}

/** A result that stays on the device. */
export interface GpuTensor extends GpuTensorInput {
  /**
   * Gives the buffer back to the backend. Do so when nothing that reads it will be submitted any more.
   * Idempotent.
   */
  destroy(): void;
}

/** A tensor on either side. */
export type AnyTensor = Tensor | GpuTensorInput;

/** An executable that also runs on tensors that are on the device. */
export interface GpuExecutable extends Executable {
  run(inputs: Readonly<Record<string, AnyTensor>>, options?: RunOptions): Promise<Tensors>;
  /**
   * A run whose outputs stay on the device, and whose inputs may be there. What decides on an attention
   * pattern (masks, lengths, segments) must be on the host. Tensors of the host must not change until the
   * promise settles. Errors: those of `run`, `INVALID_ARGUMENT` for buffers that do not fit.
   */
  runOnGpu(
    inputs: Readonly<Record<string, AnyTensor>>,
    options?: RunOptions,
  ): Promise<Record<string, GpuTensor>>;
}
