/** Changes to the inputs of a call whose effect on the outputs is known. */
import { type Tensor, type Tensors } from '@attn/core';
import { numberToHalf, type AttentionLayout } from '@attn/core/backend';

/** The part of a tensor that must not depend on the rest: batch row 0 and, with `byHead`, head 0 in it. */
export interface FirstPart {
  readonly layout: AttentionLayout;
  readonly byHead: boolean;
}

/** The key mask of a call, restricted to every `parts`-th key from `part` on. */
export function onlyPart(keyMask: Tensor, part: number, parts: number): Tensor {
  const [, n] = keyMask.shape;
  const data = Uint8Array.from(keyMask.data, (visible, i) => ((i % n) % parts === part ? visible : 0));
  return { dtype: 'bool', shape: keyMask.shape, data };
}

/** Reverses the order of keys, values, their mask and bias, in the layout `bhnd`. */
export function reverseKeys(inputs: Tensors): Tensors {
  const { q, k, v, keyMask, bias } = inputs;
  const reversed: Record<string, Tensor> = { q, k: reverseAxis(k, 2), v: reverseAxis(v, 2) };
  if (keyMask) reversed.keyMask = reverseAxis(keyMask, 1);
  if (bias) reversed.bias = reverseAxis(bias, bias.shape.length - 1);
  return reversed;
}

function reverseAxis(value: Tensor, axis: number): Tensor {
  const { shape, data } = value;
  const inner = shape.slice(axis + 1).reduce((size, extent) => size * extent, 1);
  const copy = data.slice();
  for (let i = 0; i < data.length; i++) {
    const place = Math.floor(i / inner) % shape[axis];
    copy[i] = data[i + (shape[axis] - 1 - 2 * place) * inner];
  }
  return { ...value, data: copy };
}

/** Writes NaN into q, k and v everywhere but in the part. */
export function spoilOthers(inputs: Tensors, part: FirstPart): Tensors {
  const changed: Record<string, Tensor> = { ...inputs };
  for (const name of ['q', 'k', 'v', 'qGlobal', 'kGlobal', 'vGlobal']) {
    if (inputs[name] === undefined) continue;
    const data = inputs[name].data.slice().fill(inputs[name].dtype === 'f16' ? numberToHalf(NaN) : NaN);
    for (const i of firstRows(inputs[name].shape, part)) data[i] = inputs[name].data[i];
    changed[name] = { ...inputs[name], data };
  }
  return changed;
}

/**
 * Flat positions of the part in a tensor [batch, heads, seq, dim] or,
 * in the layout `bnhd`, [batch, seq, heads, dim].
 */
export function firstRows(shape: readonly number[], { layout, byHead }: FirstPart): number[] {
  const [, a, b, dim = 1] = shape;
  const positions = Array.from({ length: a * b * dim }, (_, i) => i);
  if (!byHead) return positions;
  return positions.filter((i) => (layout === 'bhnd' ? i < b * dim : i % (b * dim) < dim));
}
