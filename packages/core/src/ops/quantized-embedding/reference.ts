/** `quantizedEmbedding`, row by row. */
import { CodeReader } from '../../quantize/codes.ts';
import { checkIndices } from '../indices.ts';
import type { NamedReferences, ReferenceTensor } from '../op.ts';
import { emptyReference } from '../reference-tensor.ts';
import type { QuantizedEmbeddingAttributes } from './definition.ts';

/** out[…, :] = scales[ids[…]] · (codes[ids[…], :] − zero points[ids[…]]). */
export function quantizedEmbeddingReference(
  { ids, codes, scales, zeroPoints }: NamedReferences,
  { dim, ...format }: QuantizedEmbeddingAttributes,
): [ReferenceTensor] {
  checkIndices('quantizedEmbedding', 'ids', ids.data, codes.shape[0]);
  const arrays = { codes: codes.data, scales: scales?.data, zeroPoints: zeroPoints?.data };
  const reader = new CodeReader(arrays, dim, format);
  const out = emptyReference([...ids.shape, dim]);
  ids.data.forEach((id, i) => reader.numbers(id, out.data.subarray(i * dim, (i + 1) * dim)));
  return [out];
}
