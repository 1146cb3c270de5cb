/** Changes that cases make to their inputs. */
import { type Tensor, type Tensors } from '@attn/core';
import { float32ToHalf } from '@attn/core/backend';

/**
 * Writes a value into an input, `k@0,1,5,2=NaN`, or with fewer
 * indices into a whole slice, `v@0,0,3=Infinity`.
 */
export function plant(inputs: Record<string, Tensor>, text: string): void {
  const [target, value] = text.split('=');
  const [name, indices] = target.split('@');
  const { shape, data } = inputs[name];
  const index = indices.split(',').map(Number);
  let at = 0;
  index.forEach((i, axis) => (at = at * shape[axis] + i));
  const size = shape.slice(index.length).reduce((product, extent) => product * extent, 1);
  data.fill(Number(value), at * size, (at + 1) * size);
}

/** Converts floats to half precision; other tensors stay as they are. */
export function inHalf(inputs: Readonly<Record<string, Tensor>>): Tensors {
  const halves: Record<string, Tensor> = {};
  for (const [name, tensor] of Object.entries(inputs)) {
    const { dtype, shape, data } = tensor;
    halves[name] = dtype === 'f32' ? { dtype: 'f16', shape, data: float32ToHalf(data) } : tensor;
  }
  return halves;
}
