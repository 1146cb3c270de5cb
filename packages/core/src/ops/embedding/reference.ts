/** `embedding`, row by row. */
import { checkIndices } from '../indices.ts';
import type { NamedReferences, ReferenceTensor } from '../op.ts';
import { emptyReference } from '../reference-tensor.ts';

/** out[…, :] = table[ids[…], :]. */
export function embeddingReference({ ids, table }: NamedReferences): [ReferenceTensor] {
  const [rows, dim] = table.shape;
  checkIndices('embedding', 'ids', ids.data, rows);
  const out = emptyReference([...ids.shape, dim]);
  ids.data.forEach((id, i) => out.data.set(table.data.subarray(id * dim, (id + 1) * dim), i * dim));
  return [out];
}
