/**
 * Goldens of the LSH attention of lucidrains' `reformer_pytorch`: pairs that count
 * each time or by the logarithm of their count, across buckets or within them.
 */
import { GraphBuilder, buildLsh, type Tensor } from '@attn/core';
import type { Golden, GoldenCall } from './golden.ts';

/** The call on [BH, N, D], with rotations that all heads share. */
export function lshAltCall(golden: Golden): GoldenCall {
  const config = golden.entry.config as LshAltConfig;
  const inputs: Record<string, Tensor> = { q: oneHead(golden, 'qk'), v: oneHead(golden, 'v') };
  const mask = golden.optional('in.mask');
  if (mask) inputs.keyMask = mask;

  const builder = new GraphBuilder();
  const { out, buckets = undefined } = buildLsh(
    builder,
    {
      q: builder.input('q', inputs.q),
      v: builder.input('v', inputs.v),
      keyMask: mask && builder.input('keyMask', mask),
      rotations: builder.constant(golden.tensor('aux.rotations'), 'rotations'),
    },
    {
      preset: 'lucidrains',
      chunkLength: config.bucket_size,
      bucketCount: config.n_buckets,
      causal: config.causal,
      withinBuckets: !config.attend_across_buckets,
      duplicates: config.allow_duplicate_attention ? 'each' : 'lucidrains',
    },
  );
  const expected = golden.tensor('out.o');
  const expectedBuckets = golden.tensor('out.buckets');
  const [, rounds, length] = expectedBuckets.shape;
  const graph = builder.build({
    out: builder.reshape(out, expected.shape),
    ...(buckets && { buckets: builder.reshape(buckets, expectedBuckets.shape) }),
  });
  return {
    graph,
    inputs,
    outputs: {
      out: expected,
      // The original numbers buckets through all rounds.
      buckets: {
        dtype: 'i32',
        shape: expectedBuckets.shape,
        data: Int32Array.from(
          expectedBuckets.data,
          (bucket, i) => bucket - (Math.floor(i / length) % rounds) * config.n_buckets,
        ),
      },
    },
    rowsThatCount: { out: golden.tensor('aux.compare') },
  };
}

/** A tensor [BH, N, D] as [BH, 1, N, D]. */
function oneHead(golden: Golden, name: string): Tensor {
  const tensor = golden.tensor(`in.${name}`);
  const [batch, length, dim] = tensor.shape;
  return { ...tensor, shape: [batch, 1, length, dim] };
}

interface LshAltConfig {
  readonly bucket_size: number;
  readonly n_buckets: number;
  readonly causal: boolean;
  readonly allow_duplicate_attention: boolean;
  readonly attend_across_buckets: boolean;
}
