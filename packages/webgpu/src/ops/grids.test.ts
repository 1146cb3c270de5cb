// A side of a grid has at most 65,535 workgroups. Larger work takes several dispatches, here of two
// workgroups each.
import { attention, f32, GraphBuilder, slidingWindow, type Graph, type Tensor } from '@attn/core';
import { PlanCache } from '@attn/core/backend';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { GpuDevice } from '../device/gpu-device.ts';
import { Program } from '../graph/program.ts';
import { GEMM_TILE } from '../kernels/gemm.ts';
import { LARGE_TILE } from '../kernels/gemm-large.ts';
import { gridParts, MOST_GROUPS } from '../kernels/wgsl.ts';

let gpu: GpuDevice;
beforeAll(async () => {
  gpu = await GpuDevice.open({});
});
afterAll(() => gpu.dispose());

async function run(graph: Graph, inputs: Record<string, Tensor>, gemmTile: 64 | 128 = 64): Promise<Tensor> {
  const { hasF16, limits } = gpu;
  const program = await Program.create(gpu, graph, new PlanCache(), {
    gemmTile,
    hasF16,
    hasPackedDot: false,
    subgroups: false,
    workgroupBytes: limits.maxComputeWorkgroupStorageSize,
    bindingBytes: limits.maxStorageBufferBindingSize,
    attentionRows: 16,
    isSoftware: true,
    mostGroups: 2,
  });
  const { out } = await program.run({ inputs });
  program.dispose();
  return out;
}

const counted = (length: number) => Float32Array.from({ length }, (_, i) => i);

test('parts of a grid are in order, and no longer than allowed', () => {
  expect(gridParts(0)).toEqual([]);
  expect(gridParts(MOST_GROUPS)).toEqual([{ first: 0, count: MOST_GROUPS }]);
  expect(gridParts(MOST_GROUPS + 2)).toEqual([
    { first: 0, count: MOST_GROUPS },
    { first: MOST_GROUPS, count: 2 },
  ]);
});

test('attention of more blocks of queries than a grid has', async () => {
  const n = 200;
  const shape = [1, 2, n, 1];
  const zero = f32(shape, new Float32Array(2 * n));
  const call = {
    q: zero,
    k: zero,
    v: f32(shape, counted(2 * n)),
    pattern: slidingWindow({ before: 1, after: 0 }),
  };
  const { data } = await run(attention(call).graph, { q: call.q, k: call.k, v: call.v });
  expect([...data]).toEqual(Array.from({ length: 2 * n }, (_, i) => (i % n === 0 ? i : i - 0.5)));
}, 60_000);

test.each([
  ['rows', GEMM_TILE],
  ['columns', GEMM_TILE],
  ['rows', LARGE_TILE],
  ['columns', LARGE_TILE],
] as const)(
  'a product of more tiles of %s than a grid has, of side %d',
  async (side, tile) => {
    const long = 4 * tile + 10;
    const [m, n] = side === 'rows' ? [long, 2] : [2, long];
    const builder = new GraphBuilder();
    const input = (name: string, shape: readonly number[]) => builder.input(name, { dtype: 'f32', shape });
    const out = builder.matmul(input('a', [3, m, 1]), input('b', [3, 1, n]));
    const [a, b] = [counted(3 * m), counted(3 * n)];
    const { data } = await run(builder.build({ out }), { a: f32([3, m, 1], a), b: f32([3, 1, n], b) }, tile);
    const expected = Array.from({ length: 3 * m * n }, (_, i) => {
      const [batch, row, column] = [Math.floor(i / (m * n)), Math.floor(i / n) % m, i % n];
      return a[batch * m + row] * b[batch * n + column];
    });
    expect([...data]).toEqual(expected);
  },
  60_000,
);
