import { describe, expect, test } from 'vitest';
import { evaluateReference } from '../../graph/evaluate.ts';
import { GraphBuilder } from '../../graph/builder.ts';
import { f32, sizeOf } from '../../tensor.ts';
import { randomRotations } from './constants.ts';
import { buildLsh, type LshOptions } from './lsh.ts';
import { LSH_PRESETS } from './lsh-presets.ts';

const shape = [1, 2, 40, 8];
const numbers = (seed: number) =>
  f32(
    shape,
    Float32Array.from({ length: sizeOf(shape) }, (_, i) => Math.sin(seed * 17 + i * i)),
  );
const feeds = { q: numbers(1), v: numbers(2) };

function run(options: LshOptions, more: Partial<Record<'buckets' | 'order', Int32Array>> = {}) {
  const builder = new GraphBuilder();
  const [q, v] = [builder.input('q', feeds.q), builder.input('v', feeds.v)];
  const constants = Object.fromEntries(
    Object.entries(more).map(([name, data]) => {
      const tensor = { dtype: 'i32', shape: [1, 2, data.length / 80, 40], data } as const;
      return [name, builder.constant(tensor, name)];
    }),
  );
  const { out, buckets, order } = buildLsh(builder, { q, v, ...constants }, options);
  return evaluateReference(builder.build({ out, order, ...(buckets && { buckets }) }), feeds);
}

test('a seed means the same buckets; another means others', () => {
  const [first, same, other] = [{ seed: 1 }, { seed: 1 }, { seed: 2 }].map((seed) =>
    run({ chunkLength: 8, ...seed }),
  );
  expect(first.buckets).toEqual(same.buckets);
  expect(first.out).toEqual(same.out);
  expect(first.buckets).not.toEqual(other.buckets);
});

test('buckets and orders that were returned can be given back', () => {
  const options = { chunkLength: 8, rounds: 2, causal: true };
  const first = run(options);
  const ints = (name: string) => Int32Array.from(first[name].data);
  expect(run(options, { buckets: ints('buckets') }).out).toEqual(first.out);
  expect(run(options, { order: ints('order') }).out).toEqual(first.out);
});

test('a sequence of one chunk is not hashed', () => {
  const { order, buckets } = run({ chunkLength: 64 });
  expect(buckets).toBeUndefined();
  expect(order.shape).toEqual([1, 2, 1, 40]);
});

describe('numbers of buckets', () => {
  test.each([
    ['trax', 4096, 64, [128]],
    ['trax', 8192, 64, [16, 16]],
    ['hf', 4096, 64, [128]],
    ['hf', 65_536, 64, [32, 64]],
    ['hf', 128, 8, [4, 8]],
    ['lucidrains', 4096, 64, [64]],
    ['paper', 4096, 64, [128]],
    ['paper', 10, 64, [2]],
  ] as const)('%s, %i tokens in chunks of %i', (preset, length, chunk, buckets) => {
    expect(LSH_PRESETS[preset].bucketsOf(length, chunk, length)).toEqual(buckets);
  });
});

test('rotations are normal and remembered', () => {
  const rotations = randomRotations(5, [8, 4, 64]);
  expect(randomRotations(5, [8, 4, 64])).toBe(rotations);
  const { data } = rotations;
  const mean = data.reduce((sum, value) => sum + value, 0) / data.length;
  const variance = data.reduce((sum, value) => sum + value * value, 0) / data.length;
  expect(Math.abs(mean)).toBeLessThan(0.05);
  expect(variance).toBeCloseTo(1, 1);
});

describe('says what is wrong', () => {
  test.each([
    [
      { preset: 'torch' as 'hf' },
      '[attn/core] lsh: preset must be "paper", "trax", "hf" or "lucidrains", got "torch"',
    ],
    [{ rounds: 0, chunkLength: 8 }, '[attn/core] lsh: rounds must be an integer from 1 to 2147483647, got 0'],
    [{ chunkLength: 0 }, '[attn/core] lsh: chunkLength must be an integer from 1 to 2147483647, got 0'],
    [
      { bucketCount: 1e9, chunkLength: 8 },
      'bucketCount must be so small that its rotations [2, 8, 4, 500000000] have at most 2^28 numbers, got 1000000000',
    ],
    [
      { bucketCount: NaN, chunkLength: 8 },
      'bucketCount must be an integer from 2 to 2147483647 or a list of factors, got NaN',
    ],
    [{ chunk_length: 8 } as object, 'there is no option "chunk_length"; did you mean chunkLength?'],
    [
      { bucketCount: 7, chunkLength: 8 },
      '[attn/core] lshHash: bucketCount must be even factors ≥ 2, got [7]',
    ],
    [{ seed: 0.5, chunkLength: 8 }, '[attn/core] lsh: seed must be an integer, got 0.5'],
  ])('%j', (options, message) => {
    expect(() => run(options)).toThrow(message);
  });
});
