/**
 * The types that callers see. They refer to WebGPU's own types and to `Disposable` only where the caller's
 * TypeScript knows those: its DOM library has WebGPU from version 6 on, and `@webgpu/types` brings it to
 * earlier ones.
 */
import type { Tensor, Tensors, TensorSpec } from '@attn/core';
import type { Executable, RunOptions } from '@attn/core/backend';

type Globals = typeof globalThis;

/** A `GPUDevice`, or any object where TypeScript knows none. */
export type DeviceOfHost = Globals extends { GPUDevice: { prototype: infer T extends object } } ? T : object;

/** A `GPUBuffer`, or any object where TypeScript knows none. */
export type BufferOfHost = Globals extends { GPUBuffer: { prototype: infer T extends object } } ? T : object;

/** An object for `using` declarations, or any object where TypeScript does not know `Symbol.dispose`. */
export type DisposableOfHost = SymbolConstructor extends { readonly dispose: infer S extends symbol }
  ? { readonly [dispose in S]: () => void }
  : object;

/** Which device to use. */
export interface DeviceOptions {
  /** The application's own device. The backend uses it as it is and never destroys it. */
  readonly device?: DeviceOfHost;
  /** Which adapter to ask for, where there are several. */
  readonly powerPreference?: 'low-power' | 'high-performance';
}

/**
 * A tensor in a buffer of the device, row-major from the buffer's start. Its elements are f32 and integers of
 * 32 bits as they are, flags as words 0 and 1, bytes as a word each, and halves as they are where the device
 * has the feature `shader-f16`, else as f32.
 */
export interface GpuTensorInput extends TensorSpec {
  /** A buffer with the usage `STORAGE`, of the device that the backend uses. */
  readonly buffer: BufferOfHost;
}

/**
 * A result that stays on the device. Its user releases it.
 *
 * @example
 * using out = (await executable.runOnGpu({ q, k, v })).out; // or call out.dispose() at the end
 */
export interface GpuTensor extends GpuTensorInput, DisposableOfHost {
  /**
   * Returns the buffer to the backend, which reuses it. Call this after the last command that reads the
   * buffer has been submitted. Further calls do nothing.
   */
  dispose(): void;
}

/** A tensor in memory of the host or of the device. */
export type AnyTensor = Tensor | GpuTensorInput;

/** An executable that also runs on tensors that are on the device. */
export interface GpuExecutable extends Executable {
  /**
   * Runs the graph and returns the outputs to the host. Inputs may be on either side. Errors: those of
   * `Executable.run`, and `INVALID_ARGUMENT` for buffers that do not fit.
   */
  run(inputs: Readonly<Record<string, AnyTensor>>, options?: RunOptions): Promise<Tensors>;
  /**
   * Runs the graph and leaves the outputs on the device. Inputs may be on either side, but data that decides
   * on an attention pattern (masks, lengths, segments) must be on the host. Tensors of the host must not
   * change until the promise settles. Outputs have buffers of their own: the option `outputs` is refused.
   * Errors: those of `run`.
   *
   * @example
   * const usage = GPUBufferUsage.STORAGE | GPUBufferUsage.COPY_DST;
   * const buffer = device.createBuffer({ size: 4 * 8 * 4096 * 64, usage });
   * const shape = [1, 8, 4096, 64];
   * const { out } = await executable.runOnGpu({ q: { dtype: 'f32', shape, buffer }, k, v });
   * // … submit commands that read out.buffer …
   * out.dispose();
   */
  runOnGpu(
    inputs: Readonly<Record<string, AnyTensor>>,
    options?: RunOptions,
  ): Promise<Record<string, GpuTensor>>;
}
