/** Kernel of `quantizedEmbedding`: few rows of a large table, so every backend in host memory uses it. */
import { CodeReader } from '../../quantize/codes.ts';
import type { KernelCall } from '../kernel.ts';
import { inChunks } from './chunks.ts';

/** The kernel of `quantizedEmbedding`: ids of any shape, a table [rows × dim] as codes. */
export async function quantizedEmbedding({
  inputs: { ids, codes, scales, zeroPoints },
  outputs,
  attributes: { dim, ...format },
  context,
}: KernelCall<'quantizedEmbedding'>): Promise<void> {
  const arrays = { codes: codes.data, scales: scales?.data, zeroPoints: zeroPoints?.data };
  const reader = new CodeReader(arrays, dim, format);
  const out = outputs[0].data as Float32Array;
  await inChunks(ids.data.length, dim, context.pause, (from, to) => {
    for (let i = from; i < to; i++) reader.numbers(ids.data[i], out.subarray(i * dim, (i + 1) * dim));
  });
}
