import { describe, expect, test } from 'vitest';
import { evaluateReference } from '../../graph/evaluate.ts';
import { GraphBuilder, type Value } from '../../graph/builder.ts';
import { bool, f32, type Tensor } from '../../tensor.ts';
import {
  convolved,
  directLinformer,
  expectClose,
  multiplied,
  nested,
  pooled,
  random,
  type DirectLinformer,
  type Heads,
  type Matrix,
} from './linformer.testing.ts';
import { buildLinformer } from './linformer.ts';
import type { LinformerInputs, LinformerOptions, PerHead } from './options.ts';

const isTensor = (value: PerHead<Tensor>): value is Tensor => !Array.isArray(value);

/** The composition's reference, from tensors. */
function composed(inputs: LinformerInputs<Tensor>, options: LinformerOptions = {}) {
  const builder = new GraphBuilder();
  const fed: Record<string, Tensor> = {};
  const input = (name: string, tensor: Tensor): Value => {
    fed[name] = tensor;
    return builder.input(name, tensor);
  };
  const values: Record<string, PerHead<Value>> = {};
  for (const [name, tensors] of Object.entries(inputs) as [string, PerHead<Tensor> | undefined][]) {
    if (tensors === undefined) continue;
    values[name] = isTensor(tensors)
      ? input(name, tensors)
      : tensors.map((tensor, i) => input(`${name}${i}`, tensor));
  }
  if (inputs.v === inputs.k) values.v = values.k;
  const { out, lse } = buildLinformer(builder, values as never, { ...options, returnLse: true });
  const graph = builder.build({ out, ...(lse && { lse }) });
  const outputs = evaluateReference(graph, fed);
  return { out: outputs.out, lse: outputs.lse, nodes: graph.nodes.map(({ op }) => op) };
}

/**
 * Compares the composition with the direct formula. Inputs are in `bhnd`; the composition runs in either
 * layout.
 */
function agree(
  inputs: LinformerInputs<Tensor>,
  options: LinformerOptions,
  direct: Pick<DirectLinformer, 'projectKeys' | 'projectValues'>,
): void {
  const { q, k, v, keyMask, ...rest } = inputs;
  const expected = directLinformer({
    q: nested<Heads>(q),
    k: nested<Heads>(k),
    v: nested<Heads>(v),
    ...(keyMask && { keyMask: nested<number[][]>(keyMask) }),
    ...direct,
    scale: options.scale,
  });
  const plain = composed(inputs, options);
  expectClose(plain.out, expected.out.flat(3));
  expectClose(plain.lse, expected.lse.flat(2));
  const keys = swapped(k);
  const turned = composed(
    { q: swapped(q), k: keys, v: v === k ? keys : swapped(v), keyMask, ...rest },
    { ...options, layout: 'bnhd' },
  );
  expectClose(swapped(f32(turned.out.shape, turned.out.data)), expected.out.flat(3));
  expectClose(turned.lse, expected.lse.flat(2));
}

/** From one layout to the other. */
function swapped({ shape: [b, x, y, d], data }: Tensor): Tensor {
  const out = new Float32Array(data.length);
  for (let i = 0; i < data.length; i++) {
    const [at, r] = [Math.floor(i / d), i % d];
    const [batch, first, second] = [Math.floor(at / x / y), Math.floor(at / y) % x, at % y];
    out[((batch * y + second) * x + first) * d + r] = data[i];
  }
  return f32([b, y, x, d], out);
}

const [B, H, N, D] = [2, 4, 11, 3];
const q = random([B, H, 5, D], 1);
const k = random([B, H, N, D], 2);
const v = random([B, H, N, 2], 3);
const keyMask = bool([B, N], [1, 1, 0, 1, 1, 1, 0, 1, 1, 0, 0, ...new Array<number>(N).fill(0)]);

describe('linear', () => {
  const E = random([4, N + 3], 4);
  const F = random([4, N], 5);
  const biasE = random([4], 6);
  const biasF = random([4], 7);
  const by = (matrix: Tensor, bias?: Tensor) => (rows: Matrix) =>
    multiplied(nested(matrix), rows, bias && nested(bias));

  test('E and F for all heads; a shorter sequence takes the first columns', () => {
    agree({ q, k, v, E, F }, {}, { projectKeys: by(E), projectValues: by(F) });
    agree({ q, k, v, E, F }, { scale: 2, projectedLength: 4 }, { projectKeys: by(E), projectValues: by(F) });
  });

  test('F absent is E, also its bias', () => {
    agree({ q, k, v, E }, {}, { projectKeys: by(E), projectValues: by(E) });
    agree({ q, k, v, E, biasE }, {}, { projectKeys: by(E, biasE), projectValues: by(E, biasE) });
    agree({ q, k, v, E, biasE, F, biasF }, {}, { projectKeys: by(E, biasE), projectValues: by(F, biasF) });
    agree({ q, k, v, E, biasE, F }, {}, { projectKeys: by(E, biasE), projectValues: by(F) });
  });

  test('masked rows count as 0, even of NaN, and where nothing is valid the result is 0', () => {
    const spoilt = f32(
      v.shape,
      Float32Array.from(v.data, (value, i) => {
        const [b, n] = [Math.floor(i / (H * N * 2)), Math.floor(i / 2) % N];
        return keyMask.data[b * N + n] === 0 ? [NaN, Infinity, -Infinity][i % 3] : value;
      }),
    );
    agree({ q, k, v: spoilt, E, F, keyMask }, {}, { projectKeys: by(E), projectValues: by(F) });
    const { out } = composed({ q, k, v: spoilt, E, F, keyMask });
    expect(out.data.slice(out.data.length / 2).every((value) => value === 0)).toBe(true);
    agree({ q, k, v, E, biasE, keyMask }, {}, { projectKeys: by(E, biasE), projectValues: by(E, biasE) });
  });

  test('one key/value head, and keys that are the values, which are projected once', () => {
    const shared = random([B, 1, N, D], 8);
    agree(
      { q, k: shared, v: random([B, 1, N, 2], 9), E, F },
      {},
      { projectKeys: by(E), projectValues: by(F) },
    );
    agree({ q, k: shared, v: shared, E }, {}, { projectKeys: by(E), projectValues: by(E) });
    expect(composed({ q, k: shared, v: shared, E }).nodes).toEqual(['slice', 'matmul', 'attention']);
  });

  test('a matrix for each head, for each key/value head, and as a list', () => {
    for (const [count, keyHeads] of [
      [H, H],
      [2, 2],
      [H, 2],
      [H, 1],
    ]) {
      const [keys, values] = [random([B, keyHeads, N, D], 10), random([B, keyHeads, N, 2], 11)];
      const [Es, Fs, bias] = [
        random([count, 4, N], 12),
        random([count, 4, N + 1], 13),
        random([count, 4], 14),
      ];
      const of = (head: number) => Math.floor((head * count) / H);
      const direct = {
        projectKeys: (rows: Matrix, head: number) =>
          multiplied(nested<Matrix[]>(Es)[of(head)], rows, nested<Matrix>(bias)[of(head)]),
        projectValues: (rows: Matrix, head: number) => multiplied(nested<Matrix[]>(Fs)[of(head)], rows),
      };
      agree({ q, k: keys, v: values, E: Es, F: Fs, biasE: bias }, {}, direct);
      const listed = (tensor: Tensor): Tensor[] =>
        nested<Matrix[]>(tensor).map((rows) => f32(tensor.shape.slice(1), [...rows].flat()));
      agree({ q, k: keys, v: values, E: listed(Es), F: listed(Fs), biasE: listed(bias) }, {}, direct);
    }
  });

  test('another k for each head: heads of equal k are computed together, and come out in their order', () => {
    const ks = [3, 2, 2, 3];
    const Es = ks.map((each, i) => random([each, N], 20 + i));
    const Fs = ks.map((each, i) => random([each, N], 30 + i));
    const direct = {
      projectKeys: (rows: Matrix, head: number) => multiplied(nested(Es[head]), rows),
      projectValues: (rows: Matrix, head: number) => multiplied(nested(Fs[head]), rows),
    };
    agree({ q, k, v, E: Es, F: Fs }, {}, direct);
    agree({ q, k, v, E: Es, F: Fs, keyMask }, { projectedLength: ks }, direct);
    const { nodes } = composed({ q, k, v, E: Es, F: Fs });
    expect(nodes.filter((op) => op === 'attention')).toHaveLength(2);
    // Two key/value heads of two query heads each, which differ in k.
    agree({ q, k: random([B, 2, N, D], 15), v: random([B, 2, N, 2], 16), E: Es, F: Fs }, {}, direct);
  });
});

describe('pools', () => {
  const mean = (column: readonly number[]) => column.reduce((sum, value) => sum + value, 0) / column.length;
  const max = (column: readonly number[]) => Math.max(...column);

  test.each([1, 2, 3, 4, 5, 6, 10, 11, 12, 100])('k = %i of 11', (size) => {
    const by = (pool: typeof mean) => (rows: Matrix) => pooled(rows, size, pool);
    agree(
      { q, k, v },
      { projection: 'meanPool', projectedLength: size },
      { projectKeys: by(mean), projectValues: by(mean) },
    );
    agree(
      { q, k, v, keyMask },
      { projection: 'maxPool', projectedLength: size },
      { projectKeys: by(max), projectValues: by(max) },
    );
  });

  test('another k for each head', () => {
    const ks = [2, 5, 5, 2];
    const by = (rows: Matrix, head: number) => pooled(rows, ks[head], mean);
    agree(
      { q, k, v },
      { projection: 'meanPool', projectedLength: ks },
      { projectKeys: by, projectValues: by },
    );
  });

  test('k ≥ n is dense attention', () => {
    expect(composed({ q, k, v }, { projection: 'meanPool', projectedLength: N }).nodes).toEqual([
      'attention',
    ]);
  });
});

test.each([1, 2, 4, 11, 20])('a convolution of window %i', (window) => {
  const [E, F] = [random([D, D, window], 40), random([2, 2, window], 41)];
  const [biasE, biasF] = [random([D], 42), random([2], 43)];
  agree(
    { q, k, v, E, F, biasE, biasF, keyMask },
    { projection: 'convolution' },
    {
      projectKeys: (rows) => convolved(rows, nested(E), nested(biasE)),
      projectValues: (rows) => convolved(rows, nested(F), nested(biasF)),
    },
  );
});

describe('what cannot be', () => {
  const E = random([4, N], 4);
  const list = (count: number) => Array.from({ length: count }, () => E);
  const cases: readonly [string, Partial<LinformerInputs<Tensor>>, object, string][] = [
    ['causal', { E }, { causal: true }, 'each projected key mixes all positions'],
    ['a pattern', { E }, { pattern: { type: 'causal' } }, 'pattern must be absent, got'],
    ['no E', {}, {}, 'the projection linear needs the input E'],
    ['E too short', { E: random([4, N - 1], 1) }, {}, `E must be [k, nMax ≥ 11] or [heads = 4, k, nMax]`],
    ['E of other heads', { E: random([3, 4, N], 1) }, {}, 'got [3, 4, 11]'],
    ['F of another k', { E, F: random([5, N], 1) }, {}, 'F must have the k of E, [4], got [5]'],
    [
      'another k than that of E',
      { E },
      { projectedLength: 5 },
      'projectedLength must be that of E, [4], or absent, got 5',
    ],
    [
      'a bias of another k',
      { E, biasE: random([5], 1) },
      {},
      'biasE must be like the rows of E, [4], got [5]',
    ],
    ['a bias without F', { E, biasF: random([4], 1) }, {}, 'biasF needs the input F'],
    ['a list of other heads', { E: list(3) }, {}, 'a list of E must have one for each of 4 heads, got 3'],
    [
      'a list of biases too few',
      { E: list(4), biasE: [random([4], 1)] },
      {},
      'biasE must be as many as E, 4, got 1',
    ],
    [
      'a pool with E',
      { E },
      { projection: 'meanPool', projectedLength: 2 },
      'the projection meanPool has no input E',
    ],
    ['a pool without k', {}, { projection: 'maxPool' }, 'the projection maxPool needs projectedLength'],
    [
      'a pool of none',
      {},
      { projection: 'maxPool', projectedLength: 0 },
      'projectedLength must be a positive integer or a list of them, got 0',
    ],
    [
      'a convolution with k',
      { E },
      { projection: 'convolution', projectedLength: 2 },
      'follows from the window of E and must be absent, got 2',
    ],
    [
      'a flat convolution',
      { E },
      { projection: 'convolution' },
      'must be [out, in, window ≥ 1], got [4, 11]',
    ],
    ['another projection', { E }, { projection: 'fourier' }, 'or "convolution", got "fourier"'],
    ['a mask of another length', { E, keyMask: bool([B, 1], [1, 1]) }, {}, 'keyMask must be [batch, keys]'],
    [
      'values of another length',
      { E, v: random([B, H, N + 1, 2], 1) },
      {},
      'length of k and v must be equal',
    ],
  ];
  test.each(cases)('%s', (_title, inputs, options, message) => {
    expect(() => composed({ q, k, v, ...inputs }, options)).toThrow(message);
  });
});
