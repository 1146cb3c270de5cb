// Biases of whole row blocks, factors of weights, and biases that a step reads once for several heads.
import {
  and,
  causal,
  f32,
  GraphBuilder,
  score,
  slidingWindow,
  where,
  type Graph,
  type Pattern,
  type ScoreFunction,
  type Tensor,
} from '@attn/core';
import { PlanCache } from '@attn/core/backend';
import { evaluateReference } from '@attn/core/reference';
import { describe, expect, test } from 'vitest';
import { lowerGraph } from '../lower.ts';
import { greatestError, numbers, runnerOf } from '../runner.testing.ts';

// Each head has eight row blocks, of which four see five tiles: enough to share tables.
const [BATCH, HEADS, N, DIM] = [1, 4, 512, 2];

interface CallOptions {
  readonly pattern?: Pattern;
  readonly inputs?: Readonly<Record<string, Tensor<'f32'>>>;
  readonly score?: ScoreFunction;
  readonly tables?: Readonly<Record<string, Tensor<'f32'>>>;
  readonly size?: number;
}

const window = slidingWindow({ before: 128, after: 128 });

function callOf({ pattern = window, inputs = {}, tables = {}, size = 1, ...options }: CallOptions): {
  readonly graph: Graph;
  readonly tensors: Record<string, Tensor<'f32'>>;
} {
  const builder = new GraphBuilder();
  const input = (name: string, { shape }: Tensor) => builder.input(name, { dtype: 'f32', shape });
  const tensors: Record<string, Tensor<'f32'>> = {
    q: numbers([BATCH, HEADS, N, DIM], 1, size),
    k: numbers([BATCH, HEADS, N, DIM], 2, size),
    v: numbers([BATCH, HEADS, N, DIM], 3, 1),
    ...inputs,
  };
  const operands = Object.entries(tensors).map(([name, tensor]) => [name, input(name, tensor)] as const);
  const ofScore = Object.entries(tables).map(([name, tensor]) => [name, input(name, tensor)] as const);
  const { q, k, v, ...rest } = Object.fromEntries(operands);
  const { out, lse } = builder.attention(
    { q, k, v, ...rest, tables: Object.fromEntries(ofScore) },
    { pattern, returnLse: true, score: options.score && score(options.score) },
  );
  const graph = builder.build({ out, ...(lse && { lse }) });
  return { graph, tensors: { ...tensors, ...tables } };
}

/** The error of a call's results, and the names of the constants of its model. */
async function tried(options: CallOptions, portable = false): Promise<[error: number, constants: string[]]> {
  const { graph, tensors } = callOf(options);
  const { model } = lowerGraph(graph, new PlanCache(), { portable });
  const results = await (await runnerOf(graph, { portable }))(tensors);
  const expected = evaluateReference(graph, tensors);
  const errors = ['out', 'lse'].map((name) => greatestError(results[name], expected[name].data));
  return [Math.max(...errors), [...model.initializers.keys()]];
}

const slopes = f32([HEADS], [0.01, 0.3, 1.7, 30]);
const relative = numbers([HEADS, 2 * 40 + 1], 5, 2);

const CALLS: Readonly<Record<string, CallOptions>> = {
  'slopes, steep ones too': { inputs: { alibiSlopes: slopes } },
  'relative biases': { inputs: { relativeBias: relative } },
  'slopes, relative and dense biases': {
    inputs: { alibiSlopes: slopes, relativeBias: relative, bias: numbers([N, N], 6, 1) },
  },
  'a score that adds a table': {
    score: (s, { h, q, k, table }) => s.add(table('t').at(h, k.sub(q).add(40))),
    tables: { t: relative },
  },
  'a score that subtracts and adds': {
    score: (s, { h, q, k, table }) =>
      table('t')
        .at(h, k.sub(q))
        .add(s.mul(2).sub(table('slopes').at(h).mul(q.sub(k).abs()))),
    tables: { t: relative, slopes },
  },
  'a score with a table inside': {
    score: (s, { h, q, k, table }) => s.mul(table('t').at(h, k.sub(q).add(40)).exp()).softcap(3),
    tables: { t: relative },
  },
  'slopes, and a score of the sum': {
    inputs: { alibiSlopes: slopes },
    score: (s, { q, k, table }) => s.mul(0.5).add(table('t').at(0, k.sub(q))),
    tables: { t: relative },
  },
};

describe.each(Object.entries(CALLS))('%s', (name, options) => {
  test.each(name === 'slopes, relative and dense biases' ? [false, true] : [false])(
    'portable: %s',
    async (portable) => {
      const [error, constants] = await tried(options, portable);
      expect(error).toBeLessThan(2e-5);
      expect(constants).toContain('kinds');
    },
  );
});

describe('steps that read pieces', () => {
  test.each<[string, CallOptions]>([
    ['slopes', { inputs: { alibiSlopes: slopes } }],
    [
      'a score',
      {
        score: (s, { h, q, k, table }) => s.sub(table('slopes').at(h).mul(q.sub(k).abs())),
        tables: { slopes },
      },
    ],
  ])('%s, causal', async (_, options) => {
    const [error, constants] = await tried({ ...options, pattern: causal() });
    expect(error).toBeLessThan(2e-5);
    expect(constants).not.toContain('kinds');
  });
});

test('a far key with a large logit counts, though its factor is 0', async () => {
  // One key has logits of 57, and biases of −60 and less from far queries. Others have −14 and 0.
  const q = f32([BATCH, HEADS, N, DIM], new Float32Array(HEADS * N * DIM).fill(20));
  const k = f32(
    [BATCH, HEADS, N, DIM],
    Float32Array.from({ length: HEADS * N * DIM }, (_, i) => (Math.floor(i / DIM) % N === 256 ? 2 : -0.5)),
  );
  const [error, constants] = await tried({
    inputs: { q, k, alibiSlopes: f32([HEADS], [1, 1.1, 1.2, 0.9]) },
  });
  expect(constants).toContain('kinds');
  expect(error).toBeLessThan(1e-4);
});

test('biases of −∞ and NaN', async () => {
  const biases = relative.data.slice();
  biases.fill(-Infinity, 0, 30);
  biases[81 + 50] = NaN;
  const { graph, tensors } = callOf({ inputs: { relativeBias: f32(relative.shape, biases) } });
  const results = await (await runnerOf(graph, {}))(tensors);
  const { out } = evaluateReference(graph, tensors);
  const rows = (data: ArrayLike<number>, head: number) =>
    Float32Array.from({ length: N * DIM }, (_, i) => data[head * N * DIM + i]);
  for (const head of [0, 2, 3])
    expect(greatestError(rows(results.out, head), rows(out.data, head))).toBeLessThan(2e-5);
  const isNaN = (data: Float32Array): number[] => [...data].map((x) => (Number.isNaN(x) ? 1 : 0));
  expect(isNaN(rows(results.out, 1))).toEqual(isNaN(rows(out.data, 1)));
});

describe('rows that see no key', () => {
  // One of each row block, so that all row blocks still have the same masks.
  const pattern = and(
    window,
    where(({ q }) => q.mod(64).ne(5)),
  );
  const blind = Array.from({ length: HEADS * N }, (_, row) => row).filter((row) => row % 64 === 5);
  /** Values of which one is no number, in the sight of many rows. */
  const values = (value: number): Tensor<'f32'> => {
    const { shape, data } = numbers([BATCH, HEADS, N, DIM], 3, 1);
    return f32(shape, data.with(256 * DIM, value));
  };

  test.each<[string, CallOptions]>([
    ['slopes', { inputs: { alibiSlopes: slopes } }],
    ['a score that adds a table', CALLS['a score that adds a table']],
    ['a value that is NaN', { inputs: { alibiSlopes: slopes, v: values(NaN) } }],
    ['logits that overflow', { inputs: { alibiSlopes: slopes }, size: 40 }],
  ])('%s', async (_, options) => {
    const { graph, tensors } = callOf({ ...options, pattern });
    const { model } = lowerGraph(graph, new PlanCache(), {});
    expect([...model.initializers.keys()]).toEqual(expect.arrayContaining(['kinds', 'visible']));
    const results = await (await runnerOf(graph, {}))(tensors);
    for (const row of blind) {
      expect([...results.out.subarray(row * DIM, (row + 1) * DIM)]).toEqual([0, 0]);
      expect(results.lse[row]).toBe(-Infinity);
    }
    const expected = evaluateReference(graph, tensors);
    const size = options.size ?? 1;
    for (const name of ['out', 'lse'])
      expect(greatestError(results[name], expected[name].data)).toBeLessThan(2e-5 * size ** 2);
  });
});

describe('biases of pairs, the same for all heads', () => {
  test.each<[string, CallOptions]>([
    ['a dense bias', { inputs: { bias: numbers([N, N], 6, 1) } }],
    [
      'a table of a score',
      {
        score: (s, { h, q, k, table }) => s.mul(table('t').at(h, 40)).add(table('pairs').at(q, k)),
        tables: { pairs: numbers([N, N], 6, 1), t: relative },
      },
    ],
  ])('%s', async (_, options) => {
    const [error] = await tried(options);
    expect(error).toBeLessThan(2e-5);
  });
});
