/**
 * Tensors as the device has them: f32 and integers as they are, flags as a word each, halves as f32, or as they are on devices that
 * have `shader-f16`. Everything takes whole words.
 */
import { type Tensor, type TensorSpec } from '@attn/core';
import { float32ToHalf, halfToFloat32, ordinaryMemory, sizeOf } from '@attn/core/backend';

/** What decides on how values are stored. */
export interface DeviceFormat {
  /** Whether halves are stored as such; as f32 otherwise. */
  readonly hasF16: boolean;
}

/** Bytes of a value on the device. */
export function deviceBytes({ dtype, shape }: TensorSpec, { hasF16 }: DeviceFormat): number {
  return dtype === 'f16' && hasF16 ? 4 * Math.ceil(sizeOf(shape) / 2) : 4 * sizeOf(shape);
}

/**
 * The bytes of a tensor; not copied where they are what the device has already, in memory that it can be
 * written from.
 */
export function toDevice({ dtype, data }: Tensor, { hasF16 }: DeviceFormat): ArrayBufferView<ArrayBuffer> {
  switch (dtype) {
    case 'f32':
    case 'i32':
    case 'u32':
      return ordinaryMemory(data) as ArrayBufferView<ArrayBuffer>;
    case 'f16':
      return hasF16
        ? wholeWords(ordinaryMemory(data) as Uint16Array<ArrayBuffer>)
        : (halfToFloat32(data as Uint16Array) as ArrayBufferView<ArrayBuffer>);
    case 'u8':
    case 'bool':
      return Uint32Array.from(data);
    default:
      return dtype satisfies never;
  }
}

/** A tensor from bytes of the device, which are a copy. */
export function fromDevice(
  { dtype, shape }: TensorSpec,
  bytes: ArrayBuffer,
  { hasF16 }: DeviceFormat,
): Tensor {
  switch (dtype) {
    case 'f32':
      return { dtype, shape, data: new Float32Array(bytes) };
    case 'i32':
      return { dtype, shape, data: new Int32Array(bytes) };
    case 'u32':
      return { dtype, shape, data: new Uint32Array(bytes) };
    case 'f16':
      return {
        dtype,
        shape,
        data: hasF16 ? new Uint16Array(bytes, 0, sizeOf(shape)) : float32ToHalf(new Float32Array(bytes)),
      };
    case 'u8':
    case 'bool':
      return { dtype, shape, data: Uint8Array.from(new Uint32Array(bytes)) };
    default:
      return dtype satisfies never;
  }
}

/** Halves with one more where their number is odd. */
function wholeWords(halves: Uint16Array<ArrayBuffer>): Uint16Array<ArrayBuffer> {
  if (halves.length % 2 === 0) return halves;
  const padded = new Uint16Array(halves.length + 1);
  padded.set(halves);
  return padded;
}
