/** Rows of results beside what they should be. */
import { type Tensor } from '@attn/core';
import {
  toReference,
  type ReferenceInput,
  type ReferenceTensor,
  type RowAddress,
} from '@attn/core/reference';

/** Tensors as references take them; f32 as it is, so that nothing big is copied. */
export function referenceInputs(
  tensors: Readonly<Record<string, Tensor | undefined>>,
): Record<string, ReferenceInput> {
  return Object.fromEntries(
    Object.entries(tensors).flatMap(([name, tensor]) => {
      if (tensor === undefined) return [];
      const { dtype, shape, data } = tensor;
      const isPlain = dtype !== 'f16' && tensor.strides === undefined && !(data instanceof Uint16Array);
      return [[name, isPlain ? { shape, data } : toReference(tensor)]];
    }),
  );
}

/** The greatest difference of rows of `out` [B, H, N, Dv] from `expected` [rows, Dv]. */
export function greatestDifference(
  out: Tensor,
  expected: ReferenceTensor,
  rows: readonly RowAddress[],
): number {
  const { data } = toReference(out);
  const [, heads, length, dim] = out.shape;
  return rows.reduce((greatest, { batch, head, row }, index) => {
    const at = ((batch * heads + head) * length + row) * dim;
    const differences = Array.from({ length: dim }, (_, d) =>
      Math.abs(data[at + d] - expected.data[index * dim + d]),
    );
    return Math.max(greatest, ...differences);
  }, 0);
}
