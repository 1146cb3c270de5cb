/** Tensors as words of the device: floats are f32 there, halves among them; integers and flags are one word each. */
import { float32ToHalf, halfToFloat32, sizeOf, type Tensor, type TensorSpec } from '@attn/core';

/** Bytes of a value on the device. */
export function deviceBytes({ shape }: TensorSpec): number {
  return 4 * sizeOf(shape);
}

/** The words of a tensor; not copied where they are words already. */
export function toWords({ dtype, data }: Tensor): ArrayBufferView<ArrayBuffer> {
  switch (dtype) {
    case 'f32':
    case 'i32':
    case 'u32':
      return data as ArrayBufferView<ArrayBuffer>;
    case 'f16':
      return halfToFloat32(data as Uint16Array) as ArrayBufferView<ArrayBuffer>;
    case 'u8':
    case 'bool':
      return Uint32Array.from(data);
    default:
      return dtype satisfies never;
  }
}

/** A tensor from its words, which are copied. */
export function fromWords({ dtype, shape }: TensorSpec, words: ArrayBuffer): Tensor {
  switch (dtype) {
    case 'f32':
      return { dtype, shape, data: new Float32Array(words) };
    case 'i32':
      return { dtype, shape, data: new Int32Array(words) };
    case 'u32':
      return { dtype, shape, data: new Uint32Array(words) };
    case 'f16':
      return { dtype, shape, data: float32ToHalf(new Float32Array(words)) };
    case 'u8':
    case 'bool':
      return { dtype, shape, data: Uint8Array.from(new Uint32Array(words)) };
    default:
      return dtype satisfies never;
  }
}
