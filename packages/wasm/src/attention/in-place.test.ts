/** Few queries that read keys and values in place, against those whose keys and values are packed. */
import {
  and,
  causal,
  f32,
  full,
  globalTokens,
  GraphBuilder,
  keyPadding,
  slidingWindow,
  type Backend,
  type Pattern,
} from '@attn/core';
import { attentionProblem, mulberry32, PlanCache } from '@attn/core/backend';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
// The built files, as published: threads load their script from there.
import { wasm } from '../../dist/index.js';
import { mayReadInPlace } from './in-place.ts';

interface Sizes {
  readonly queries: number;
  readonly keys: number;
  readonly headDim: number;
  readonly valueDim: number;
  readonly heads?: number;
  readonly kvHeads?: number;
}

interface Variation {
  readonly pattern?: Pattern;
  readonly softcap?: number;
  /** Keys whose bias is −∞. */
  readonly hidden?: readonly number[];
  /** Keys of which a value is no number, or infinite. */
  readonly spoilt?: readonly (readonly [key: number, value: number])[];
}

const USUAL: Sizes = { queries: 1, keys: 150, headDim: 64, valueDim: 64 };

function specsOf({ queries, keys, headDim, valueDim, heads = 4, kvHeads = heads }: Sizes) {
  const spec = (count: number, length: number, dim: number) =>
    ({ dtype: 'f32', shape: [2, count, length, dim] }) as const;
  return {
    q: spec(heads, queries, headDim),
    k: spec(kvHeads, keys, headDim),
    v: spec(kvHeads, keys, valueDim),
  };
}

/** The graph whose keys and values are inputs, which are packed, or sums in the heap. */
function graphOf(sizes: Sizes, { pattern = full(), softcap, hidden }: Variation, inHeap: boolean) {
  const builder = new GraphBuilder();
  const { q, k, v } = specsOf(sizes);
  const own = (name: string, spec: typeof k) => {
    const input = builder.input(name, spec);
    return inHeap ? builder.mul(input, builder.constant(f32([1], [1]))) : input;
  };
  const bias = hidden && builder.input('bias', { dtype: 'f32', shape: [1, 1, 1, sizes.keys] });
  const inputs = { q: builder.input('q', q), k: own('k', k), v: own('v', v), bias };
  const { out, lse } = builder.attention(inputs, { pattern, softcap, returnLse: true });
  return builder.build(lse === undefined ? { out } : { out, lse });
}

function inputsOf(sizes: Sizes, { hidden, spoilt = [] }: Variation) {
  const random = mulberry32(7);
  const { q, k, v } = Object.fromEntries(
    Object.entries(specsOf(sizes)).map(([name, { shape }]) => {
      const size = shape.reduce((product, length) => product * length, 1);
      return [
        name,
        f32(
          shape,
          Float32Array.from({ length: size }, () => random() / 2 ** 31 - 1),
        ),
      ];
    }),
  );
  for (const [key, value] of spoilt) v.data[key * sizes.valueDim + 3] = value;
  const bias = Float32Array.from({ length: sizes.keys }, (_, key) =>
    hidden?.includes(key) ? -Infinity : Math.sin(key),
  );
  return { q, k, v, ...(hidden && { bias: f32([1, 1, 1, sizes.keys], bias) }) };
}

describe.each(['plain', 'relaxed'] as const)('with %s SIMD', (simd) => {
  let backend: Backend;
  beforeAll(() => void (backend = wasm({ threads: 2, simd, offMainThread: false })));
  afterAll(() => backend.dispose());

  async function expectEqual(sizes: Sizes, variation: Variation = {}): Promise<void> {
    const inputs = inputsOf(sizes, variation);
    const [packed, inPlace] = await Promise.all(
      [false, true].map(async (inHeap) => {
        const executable = await backend.compile(graphOf(sizes, variation, inHeap));
        return executable.run(inputs);
      }),
    );
    for (const name of ['out', 'lse']) {
      const [expected, got] = [packed, inPlace].map((outputs) => [...outputs[name].data]);
      expect(got).toHaveLength(expected.length);
      for (const [i, value] of expected.entries()) {
        if (Number.isFinite(value)) expect(Math.abs(Number(got[i]) - Number(value))).toBeLessThan(1e-5);
        else expect(got[i]).toBe(value);
      }
    }
  }

  test.each([
    { queries: 1, keys: 64 },
    { queries: 1, keys: 1 },
    { queries: 4, keys: 257 },
    { queries: 8, keys: 1000 },
    { heads: 6, kvHeads: 2, queries: 2, keys: 70 },
    { headDim: 4, valueDim: 8 },
    { headDim: 20, valueDim: 24 },
    { headDim: 128, valueDim: 40 },
  ])('sizes %j', (sizes) => expectEqual({ ...USUAL, ...sizes }));

  test('keys that patterns hide', async () => {
    const sizes = { ...USUAL, queries: 3 };
    await expectEqual(sizes, { pattern: causal() });
    await expectEqual(sizes, { pattern: slidingWindow({ before: 70, after: 0 }) });
    await expectEqual(sizes, { pattern: and(full(), keyPadding({ lengths: [50, 0] })) });
  });

  test('a soft cap and a bias', () => expectEqual(USUAL, { softcap: 0.5, hidden: [] }));

  test('hidden values that are no numbers, and seen ones', async () => {
    const spoilt = [[20, NaN] as const, [149, Infinity] as const];
    await expectEqual({ ...USUAL, queries: 2 }, { hidden: [20, 149], spoilt });
    await expectEqual({ ...USUAL, queries: 2 }, { hidden: [20], spoilt });
    await expectEqual(USUAL, { spoilt });
  });
});

test('many queries, parts of vectors and keys in another order are packed', () => {
  const may = (sizes: Partial<Sizes>, pattern: Pattern = full()): boolean => {
    const specs = specsOf({ ...USUAL, ...sizes });
    const { plan } = new PlanCache().expected(specs, { pattern });
    return mayReadInPlace(attentionProblem(specs, { pattern }), plan);
  };
  expect(may({})).toBe(true);
  expect(may({ queries: 8 })).toBe(true);
  expect(may({ queries: 9 })).toBe(false);
  expect(may({ queries: 3, kvHeads: 1 })).toBe(false);
  expect(may({ headDim: 63 })).toBe(false);
  expect(may({ valueDim: 60 })).toBe(false);
  expect(may({ queries: 2, keys: 4000 }, globalTokens([5, 900, 3000]))).toBe(false);
});
