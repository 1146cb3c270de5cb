/** Batched matrix product in float64. */
import { broadcastStrides, forEachOffset } from '../broadcast.ts';
import type { NamedReferences, ReferenceTensor } from '../op.ts';
import { emptyReference } from '../reference-tensor.ts';
import { matmulSizes, type MatmulAttributes } from './definition.ts';

/** out[…, i, j] = Σₗ a[…, i, l] · b[…, l, j]. */
export function matmulReference({ a, b }: NamedReferences, attributes: MatmulAttributes): [ReferenceTensor] {
  const { batch, m, n, k } = matmulSizes(a.shape, b.shape, attributes);
  const { transposeA = false, transposeB = false } = attributes;
  const out = emptyReference([...batch, m, n]);
  const batchStrides = [
    broadcastStrides(a.shape.slice(0, -2), batch),
    broadcastStrides(b.shape.slice(0, -2), batch),
  ];
  forEachOffset(batch, batchStrides, (index, [batchA, batchB]) => {
    const atA = (i: number, l: number) => a.data[batchA * m * k + (transposeA ? l * m + i : i * k + l)];
    const atB = (l: number, j: number) => b.data[batchB * k * n + (transposeB ? j * k + l : l * n + j)];
    for (let i = 0; i < m; i++) {
      for (let j = 0; j < n; j++) {
        let sum = 0;
        for (let l = 0; l < k; l++) sum += atA(i, l) * atB(l, j);
        out.data[(index * m + i) * n + j] = sum;
      }
    }
  });
  return [out];
}
