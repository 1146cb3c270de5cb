/** A row of a golden that is not padded, for fixed graphs, which are for such rows. */
import type { Tensor } from '@attn/core';
import { sizeOf } from '@attn/core/backend';
import type { Expected } from './differences.testing.ts';
import type { Golden } from './goldens.testing.ts';

/**
 * The ids of a golden's first full row [1, N], and what is expected of these outputs. Throws without such a
 * row.
 */
export function fullRow(
  golden: Golden,
  outputs: readonly string[],
): { readonly inputIds: Tensor; readonly expected: Expected } {
  const { id, atol, batch } = golden;
  const [rows, length] = batch.inputIds.shape;
  const mask = batch.attentionMask?.data ?? new Uint8Array(rows * length).fill(1);
  const row = Array.from({ length: rows }, (_, i) => i).find(
    (i) => !mask.slice(i * length, (i + 1) * length).includes(0),
  );
  if (row === undefined) throw new Error(`golden ${id} has no row without padding`);
  const rowOf = (tensor: Tensor | undefined): Tensor => {
    if (tensor === undefined) throw new Error(`golden ${id} has not all of ${outputs.join()}`);
    const shape = [1, ...tensor.shape.slice(1)];
    const size = sizeOf(shape);
    return { ...tensor, shape, data: tensor.data.slice(row * size, (row + 1) * size) } as Tensor;
  };
  const tensors = new Map(
    outputs.map((name) => [`out.${name}`, rowOf(golden.tensors.get(`out.${name}`))] as const),
  );
  return { inputIds: rowOf(batch.inputIds), expected: { id, atol, outputs, tensors } };
}
