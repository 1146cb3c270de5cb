/**
 * Tensors as the device stores them: f32 and integers as they are, each flag as a word, halves as halves on
 * devices with `shader-f16`, else as f32. Every value takes whole words.
 */
import { type Tensor, type TensorSpec } from '@attn/core';
import { float32ToHalf, halfToFloat32, ordinaryMemory, sizeOf } from '@attn/core/backend';

/** The property of a device that decides how values are stored. */
export interface DeviceFormat {
  /** Whether halves are stored as halves. Otherwise they are stored as f32. */
  readonly hasF16: boolean;
}

/** Bytes of a value on the device. */
export function deviceBytes({ dtype, shape }: TensorSpec, { hasF16 }: DeviceFormat): number {
  return dtype === 'f16' && hasF16 ? 4 * Math.ceil(sizeOf(shape) / 2) : 4 * sizeOf(shape);
}

/** Whether the device stores tensors of a dtype as the host does, in words. */
export function isWords({ dtype }: TensorSpec): boolean {
  return dtype === 'f32' || dtype === 'i32' || dtype === 'u32';
}

/** The bytes of a tensor in the device's format. They are a copy only where format or memory require one. */
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

/** A tensor from bytes in the device's format. It takes over `bytes` where it can. */
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

/** The bytes of a tensor of bytes, four to a word. */
export function toPackedBytes({ data }: Tensor): ArrayBufferView<ArrayBuffer> {
  return wholeWords(ordinaryMemory(data) as Uint8Array<ArrayBuffer>);
}

/** Halves or bytes, padded where they do not fill their last word. */
function wholeWords<T extends Uint16Array<ArrayBuffer> | Uint8Array<ArrayBuffer>>(
  data: T,
): ArrayBufferView<ArrayBuffer> {
  if (data.byteLength % 4 === 0) return data;
  const padded = new Uint8Array(Math.ceil(data.byteLength / 4) * 4);
  padded.set(new Uint8Array(data.buffer, data.byteOffset, data.byteLength));
  return padded;
}
