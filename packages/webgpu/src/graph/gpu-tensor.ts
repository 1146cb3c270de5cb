/** Checks of inputs that are on the device already. */
import { AttnError, type TensorSpec } from '@attn/core';
import { checkArgument, show, type Kind } from '@attn/core/backend';
import type { AnyTensor, GpuTensorInput } from '../types.ts';
import { deviceBytes, type DeviceFormat } from './device-format.ts';

/** Whether a tensor is on the device. */
export function isOnGpu(tensor: AnyTensor): tensor is GpuTensorInput {
  try {
    return tensor !== null && typeof tensor === 'object' && 'buffer' in tensor;
  } catch {
    return false; // A proxy that throws. It is not a tensor of the host either.
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

/**
 * Checks an input on the device. Errors: `INVALID_DTYPE`, `INVALID_SHAPE`, and `INVALID_ARGUMENT` where the
 * buffer is too small or lacks the usage `STORAGE`.
 */
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
  const isSameShape =
    Array.isArray(shape) &&
    shape.length === spec.shape.length &&
    shape.every((extent, axis) => extent === spec.shape[axis]);
  if (!isSameShape) {
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
