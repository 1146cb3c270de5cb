/**
 * Goldens of one BigBird block-sparse layer of Hugging Face `transformers`. The
 * original lists key blocks for each query block, and counts a block that is listed
 * twice twice. Ours counts each key once, so a bias of log(count) makes up for it.
 */
import { blockSparse, GraphBuilder, type Tensor, type Value } from '@attn/core';
import type { Golden, GoldenCall } from './golden.ts';
import { projectHeads } from './longformer.ts';

/** The layer as one graph: three projections, then attention over the union of the listed blocks. */
export function bigbirdCall(golden: Golden): GoldenCall {
  const { num_attention_heads: heads, block_size: blockSize } = golden.entry.config as BigBirdConfig;
  const hidden = golden.tensor('in.hidden_states');
  const mask = golden.tensor('in.attention_mask');
  const [batch, length, width] = hidden.shape;
  const blocks = length / blockSize;
  const randoms = golden.tensor('aux.rand_blocks');
  const counts = Array.from({ length: heads }, (_, head) => blockCounts(blocks, randoms, head));
  const bias = countBias(counts, length, blockSize);

  const builder = new GraphBuilder();
  const x = builder.input('hidden', hidden);
  const project = (name: string): Value => projectHeads(builder, x, { golden, name, heads, layout: 'bhnd' });
  const { out } = builder.attention(
    {
      q: project('query'),
      k: project('key'),
      v: project('value'),
      bias: builder.constant(bias, 'log_count'),
      keyMask: builder.input('keyMask', mask),
      queryMask: builder.input('queryMask', mask),
    },
    {
      pattern: blockSparse({
        blockSize,
        layout: counts.map((head) => head.map((row) => row.map((n) => Math.min(n, 1)))),
      }),
    },
  );
  const merged = builder.reshape(builder.transpose(out, [0, 2, 1, 3]), [batch, length, width]);
  return {
    graph: builder.build({ out: merged }),
    inputs: { hidden, keyMask: mask, queryMask: mask },
    outputs: { out: golden.tensor('out.hidden_states') },
  };
}

/**
 * How often the original lists each key block, by [query block][key
 * block]. `rand_blocks` is [heads, blocks − 2, r].
 */
function blockCounts(blocks: number, randoms: Tensor, head: number): number[][] {
  const perRow = randoms.shape[2];
  const last = blocks - 1;
  return Array.from({ length: blocks }, (_, row) => {
    const counts = new Array<number>(blocks).fill(0);
    if (row === 0 || row === last) return counts.fill(1);
    const at = (head * (blocks - 2) + row - 1) * perRow;
    const near =
      row === 1
        ? [0, 1, 2, last]
        : row === last - 1
          ? [0, last - 2, last - 1, last]
          : [0, row - 1, row, row + 1, last];
    for (const block of [...near, ...randoms.data.subarray(at, at + perRow)]) counts[block] += 1;
    return counts;
  });
}

/** The bias [1, heads, length, length]: log of how often a pair counts; 0 where it does not count at all. */
function countBias(
  counts: readonly (readonly (readonly number[])[])[],
  length: number,
  blockSize: number,
): Tensor {
  const data = new Float32Array(counts.length * length * length);
  const block = (position: number): number => Math.floor(position / blockSize);
  for (let i = 0; i < data.length; i++) {
    const head = Math.floor(i / (length * length));
    const count = counts[head][block(Math.floor(i / length) % length)][block(i % length)];
    data[i] = Math.log(Math.max(count, 1));
  }
  return { dtype: 'f32', shape: [1, counts.length, length, length], data };
}

interface BigBirdConfig {
  readonly num_attention_heads: number;
  readonly block_size: number;
}
