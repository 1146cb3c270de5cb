/** Tensors that are on the device already, or stay there. */
import { AttnError, checkArgument, show, type Kind, type Tensor, type TensorSpec } from '@attn/core';
import { deviceBytes, type DeviceFormat } from './device-format.ts';

/**
 * A tensor in a buffer, row-major from its start: f32 and integers as they are, flags as words 0 and 1, halves as they are where the
 * device has the feature `shader-f16`, as f32 where not.
 */
export interface GpuTensorInput extends TensorSpec {
  /** With the usage `STORAGE`, and of the device that the backend uses. */
  readonly buffer: GPUBuffer;
}

/** A result that stays on the device. */
export interface GpuTensor extends GpuTensorInput {
  /** Gives the buffer back to the backend. Do so when nothing that reads it will be submitted any more. Idempotent. */
  destroy(): void;
}

/** A tensor on either side. */
export type AnyTensor = Tensor | GpuTensorInput;

/** Whether it is on the device. */
export function isOnGpu(tensor: AnyTensor): tensor is GpuTensorInput {
  try {
    return tensor !== null && typeof tensor === 'object' && 'buffer' in tensor;
  } catch {
    return false; // A hostile object, which is no tensor of the host either.
  }
}

const STORAGE = 0x80;

const aGpuBuffer: Kind = {
  expected: 'a GPUBuffer',
  test(value) {
    const { size, usage } = Object(value) as Partial<GPUBuffer>;
    return typeof size === 'number' && typeof usage === 'number';
  },
};

/** Errors: `INVALID_DTYPE`, `INVALID_SHAPE`, `INVALID_ARGUMENT` when the buffer is too small or has not the usage. */
export function checkGpuInput(
  name: string,
  { dtype, shape, buffer }: GpuTensorInput,
  spec: TensorSpec,
  format: DeviceFormat,
): void {
  const where = 'webgpu/run';
  if (dtype !== spec.dtype) {
    throw new AttnError('INVALID_DTYPE', where, `input ${name} must be ${spec.dtype}, got ${show(dtype)}`);
  }
  const isSame =
    Array.isArray(shape) &&
    shape.length === spec.shape.length &&
    shape.every((extent, axis) => extent === spec.shape[axis]);
  if (!isSame) {
    throw new AttnError(
      'INVALID_SHAPE',
      where,
      `input ${name} must be ${show(spec.shape)}, got ${show(shape)}`,
    );
  }
  checkArgument(where, `the buffer of input ${name}`, buffer, aGpuBuffer);
  if (buffer.size < deviceBytes(spec, format)) {
    const message = `the buffer of input ${name} must have ${deviceBytes(spec, format)} bytes, got ${buffer.size}`;
    throw new AttnError('INVALID_ARGUMENT', where, message);
  }
  if ((buffer.usage & STORAGE) === 0) {
    throw new AttnError(
      'INVALID_ARGUMENT',
      where,
      `the buffer of input ${name} must have the usage STORAGE, got ${buffer.usage}`,
    );
  }
}
