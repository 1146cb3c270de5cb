// Sides of grids end at 65,535 workgroups: what needs more takes several dispatches.
import { attentionGraph, attentionInputs, f32, GraphBuilder, slidingWindow } from '@attn/core';
import { afterAll, expect, test } from 'vitest';
import { webgpu } from '../index.ts';
import { GEMM_TILE } from '../kernels/gemm.ts';
import { gridParts, MOST_GROUPS } from '../kernels/wgsl.ts';

const backend = webgpu({ attentionRows: 16 });
afterAll(() => backend.dispose());

test('parts of a grid are in order, and no longer than may be', () => {
  expect(gridParts(0)).toEqual([]);
  expect(gridParts(MOST_GROUPS)).toEqual([{ first: 0, count: MOST_GROUPS }]);
  expect(gridParts(MOST_GROUPS + 2)).toEqual([
    { first: 0, count: MOST_GROUPS },
    { first: MOST_GROUPS, count: 2 },
  ]);
});

test('attention of more blocks of queries than a grid has', async () => {
  const n = 16 * MOST_GROUPS + 100;
  const shape = [1, 1, n, 1];
  const zero = f32(shape, new Float32Array(n));
  const v = f32(
    shape,
    Float32Array.from({ length: n }, (_, i) => i),
  );
  const call = { q: zero, k: zero, v, pattern: slidingWindow({ before: 1, after: 0 }) };
  const executable = await backend.compile(attentionGraph(call));
  const { out } = await executable.run(attentionInputs(call));
  executable.dispose();
  expect(out.data.findIndex((value, row) => value !== Math.max(0, row - 0.5))).toBe(-1);
}, 120_000);

test.each(['rows', 'columns'])('a product of more tiles of %s than a grid has', async (side) => {
  const long = GEMM_TILE * MOST_GROUPS + 100;
  const builder = new GraphBuilder();
  const input = (name: string, shape: readonly number[]) => builder.input(name, { dtype: 'f32', shape });
  const [m, n] = side === 'rows' ? [long, 1] : [1, long];
  const graph = builder.build({ out: builder.matmul(input('a', [m, 1]), input('b', [1, n])) });
  const counted = Float32Array.from({ length: long }, (_, i) => i);
  const [a, b] = side === 'rows' ? [counted, [2]] : [[2], counted];
  const executable = await backend.compile(graph);
  const { out } = await executable.run({ a: f32([m, 1], a), b: f32([1, n], b) });
  executable.dispose();
  expect(out.data.findIndex((value, i) => value !== 2 * i)).toBe(-1);
}, 120_000);
