/** Tensors that are on the device already, or stay there. */
import { AttnError, type TensorSpec } from '@attn/core';
import { checkArgument, show, type Kind } from '@attn/core/backend';
import type { AnyTensor, GpuTensorInput } from '../types.ts';
import { deviceBytes, type DeviceFormat } from './device-format.ts';

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
