/** Products with quantised weights: the memory that they keep, and bits that do not depend on the engine. */
import { f32, GraphBuilder, quantizeMatrix, type ActivationForm, type Graph, type Tensor } from '@attn/core';
import { PlanCache } from '@attn/core/backend';
import { afterAll, expect, test } from 'vitest';
import { wasmBackend } from '../backend.ts';
import { DEFAULT_SPEED } from '../engine/speed.ts';
import { packedCodesBytes, panelLayout } from '../kernels/quantized/layout.ts';
import { predict } from '../predict.ts';

const [ROWS, DEPTH, COLUMNS] = [40, 320, 72];
const values = (count: number, step: number): Float32Array =>
  Float32Array.from({ length: count }, (_, i) => Math.sin(i * step) * (1 + (i % 5)));
const x = f32([ROWS, DEPTH], values(ROWS * DEPTH, 0.7));
const weight = f32([COLUMNS, DEPTH], values(COLUMNS * DEPTH, 0.3));

function graphOf(
  bits: 4 | 8,
  inputs: ActivationForm,
  { block, zeroPoints = false }: { block?: number; zeroPoints?: boolean } = {},
): Graph {
  const { codes, scales, zeroPoints: zeros, ...format } = quantizeMatrix(weight, { bits, block, zeroPoints });
  const builder = new GraphBuilder();
  const parts = {
    codes: builder.constant(codes),
    scales: builder.constant(scales),
    ...(zeros && { zeroPoints: builder.constant(zeros) }),
  };
  const input = builder.input('x', x);
  return builder.build({ y: builder.quantizedLinear(input, parts, undefined, { ...format, inputs }) });
}

const backends = (['relaxed', 'plain'] as const).map((simd) =>
  wasmBackend({ threads: 1, simd, offMainThread: false }),
);
afterAll(async () => {
  for (const backend of backends) await backend.dispose();
});

test.each([
  [8, undefined, false],
  [8, 32, true],
  [8, 15, true],
  [4, 32, false],
  [4, 32, true],
  [4, 10, true],
] as const)(
  'inputs of integers give the same bits with fused multiply–add and without: %d bits, blocks of %s',
  async (bits, block, zeroPoints) => {
    const results: Tensor[] = [];
    for (const backend of backends) {
      const executable = await backend.compile(graphOf(bits, 'int12', { block, zeroPoints }));
      results.push((await executable.run({ x })).y);
      executable.dispose();
    }
    expect(results[0].data).toEqual(results[1].data);
  },
);

test.each([
  { bits: 16, block: 768, float: 'f16', hasZeros: false, most: 0.5 },
  { bits: 8, block: 768, hasZeros: false, most: 0.27 },
  { bits: 4, block: 32, hasZeros: false, most: 0.16 },
  { bits: 4, block: 32, hasZeros: true, most: 0.1602 },
  { bits: 8, block: 32, hasZeros: false, most: 0.2813 },
] as const)('a weight in the heap takes a fraction of f32: %o', ({ most, ...format }) => {
  const bytes = packedCodesBytes(3072, panelLayout(768, format));
  expect(bytes / (4 * 768 * 3072)).toBeLessThanOrEqual(most);
});

test('predictions: integers are faster than numbers, and codes no slower than f32', () => {
  const builder = new GraphBuilder();
  const y = builder.linear(builder.input('x', x), builder.constant(weight));
  const ms = (graph: Graph): number => predict(graph, new PlanCache(), { ...DEFAULT_SPEED, threads: 1 });
  const numbers = ms(graphOf(8, 'float'));
  expect(numbers).toBeCloseTo(ms(builder.build({ y })), 6);
  expect(ms(graphOf(8, 'int12'))).toBeLessThan(numbers);
});
