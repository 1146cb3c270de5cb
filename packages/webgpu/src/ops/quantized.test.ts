// Weights of codes: their bytes on the device, who else may read them, and kernels that must agree exactly.
import { f32, GraphBuilder, quantizeMatrix, type ActivationForm, type Graph, type Tensors } from '@attn/core';
import { HalfWriter, PlanCache } from '@attn/core/backend';
import { evaluateReference } from '@attn/core/reference';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { GpuDevice } from '../device/gpu-device.ts';
import { hasPackedBytes, valueBytes } from '../graph/packed-bytes.ts';
import { Program, type ProgramOptions } from '../graph/program.ts';
import { webgpu } from '../index.ts';
import { DEFAULT, predict } from '../predict.ts';

let gpu: GpuDevice;
beforeAll(async () => {
  gpu = await GpuDevice.open({});
});
afterAll(() => gpu.dispose());

const waves = (rows: number, length: number, step: number) =>
  f32(
    [rows, length],
    Float32Array.from({ length: rows * length }, (_, i) => Math.sin((i + 1) * step)),
  );

const [rows, length, columns] = [70, 60, 67];
const x = waves(rows, length, 0.7);
const weight = waves(columns, length, 0.3);

/** x times the weight as codes of 8 bits. `reads` adds others that read the codes. */
function graphOf(inputs: ActivationForm, block: number, reads?: 'output' | 'reshape'): Graph {
  const matrix = quantizeMatrix(weight, { bits: 8, block });
  const builder = new GraphBuilder();
  const codes = builder.constant(matrix.codes);
  const values = { codes, scales: builder.constant(matrix.scales) };
  const y = builder.quantizedLinear(builder.input('x', x), values, undefined, { bits: 8, block, inputs });
  return builder.build({
    y,
    ...(reads === 'output' && { codes }),
    ...(reads === 'reshape' && { flat: builder.reshape(codes, [-1]) }),
  });
}

async function run(graph: Graph, more: Partial<ProgramOptions> = {}): Promise<Tensors> {
  const { hasF16, limits } = gpu;
  const program = await Program.create(gpu, graph, new PlanCache(), {
    gemmTile: 64,
    hasF16,
    hasPackedDot: false,
    subgroups: false,
    workgroupBytes: limits.maxComputeWorkgroupStorageSize,
    bindingBytes: limits.maxStorageBufferBindingSize,
    attentionRows: 16,
    isSoftware: true,
    ...more,
  });
  try {
    return await program.run({ inputs: { x } });
  } finally {
    program.dispose();
  }
}

test('halves take two bytes each', () => {
  const writer = new HalfWriter(columns, length, 'bf16');
  for (let row = 0; row < columns; row++)
    writer.write(row, weight.data.subarray(row * length, (row + 1) * length));
  const { codes, ...format } = writer.matrix();
  const builder = new GraphBuilder();
  const values = { codes: builder.constant(codes) };
  const y = builder.quantizedLinear(builder.input('x', x), values, undefined, format);
  const graph = builder.build({ y });
  const [id] = graph.constants.keys();
  expect(valueBytes(graph, id, { hasF16: false })).toBe(2 * columns * length);
});

test('codes take a byte each, and a word each where others read them, too', async () => {
  const bytesOf = (graph: Graph): number[] =>
    [...graph.constants.keys()]
      .filter((id) => graph.values[id].dtype === 'u8')
      .map((id) => valueBytes(graph, id, { hasF16: false }));
  expect(bytesOf(graphOf('float', 60))).toEqual([columns * length]);
  // 5 blocks of 13 bytes, in whole words.
  expect(bytesOf(graphOf('float', 13))).toEqual([Math.ceil((columns * 65) / 4) * 4]);
  const { data: expected } = (await run(graphOf('float', 13))).y;
  const { codes } = quantizeMatrix(weight, { bits: 8, block: 13 });
  for (const reads of ['output', 'reshape'] as const) {
    const graph = graphOf('float', 13, reads);
    expect(bytesOf(graph)).toEqual([4 * columns * 65]);
    expect([...graph.constants.keys()].some((id) => hasPackedBytes(graph, id))).toBe(false);
    const { y, ...others } = await run(graph);
    expect(y.data).toEqual(expected);
    expect(Object.values(others)[0].data).toEqual(codes.data);
  }
}, 60_000);

test('the device holds no more of a weight than its codes and scales', async () => {
  const matrix = quantizeMatrix(waves(256, 1024, 0.1), { bits: 4, block: 32 });
  const builder = new GraphBuilder();
  const values = { codes: builder.constant(matrix.codes), scales: builder.constant(matrix.scales) };
  const y = builder.quantizedLinear(
    builder.input('x', { dtype: 'f32', shape: [1, 1024] }),
    values,
    undefined,
    {
      bits: 4,
      block: 32,
    },
  );
  const own = await GpuDevice.open({});
  const program = await Program.create(own, builder.build({ y }), new PlanCache(), {
    gemmTile: 64,
    hasF16: false,
    hasPackedDot: false,
    subgroups: false,
    workgroupBytes: 16_384,
    bindingBytes: 2 ** 27,
    attentionRows: 16,
    isSoftware: true,
  });
  expect(own.buffers.bytes).toBe((256 * 1024) / 2 + 4 * 256 * 32);
  expect(own.buffers.bytes).toBeLessThan(0.16 * 4 * 256 * 1024);
  program.dispose();
  own.dispose();
}, 60_000);

test.each([
  { bits: 8, block: 13, zeroPoints: false },
  { bits: 8, block: 13, zeroPoints: true },
  { bits: 4, block: 2, zeroPoints: true },
  { bits: 4, block: 24, zeroPoints: false },
] as const)(
  'integers times blocks of any length: %o',
  async (options) => {
    const matrix = quantizeMatrix(weight, options);
    for (const inputs of ['int12', 'int8'] as const) {
      const builder = new GraphBuilder();
      const [codes, scales] = [matrix.codes, matrix.scales].map((tensor) => builder.constant(tensor));
      const values = { codes, scales, zeroPoints: matrix.zeroPoints && builder.constant(matrix.zeroPoints) };
      const { bits, block } = matrix;
      const y = builder.quantizedLinear(builder.input('x', x), values, undefined, { bits, block, inputs });
      const graph = builder.build({ y });
      const expected = evaluateReference(graph, { x }).y.data;
      const data = (await run(graph, { hasPackedDot: true })).y.data as Float32Array;
      expect(data.length).toBe(rows * columns);
      const worst = data.reduce((most, value, i) => Math.max(most, Math.abs(value - expected[i])), 0);
      // A step of the integers where a rounding is in doubt would be more than 1e-4.
      expect(worst).toBeLessThan(1e-5);
    }
  },
  60_000,
);

test('bytes four at a time, tiles of both sizes and cut grids give the same numbers', async () => {
  for (const block of [60, 32]) {
    const graph = graphOf('int8', block);
    const { y: expected } = await run(graph);
    for (const more of [
      { hasPackedDot: true },
      { hasPackedDot: true, gemmTile: 128 as const },
      { gemmTile: 128 as const },
      { mostGroups: 1 },
    ])
      expect((await run(graph, more)).y).toEqual(expected);
  }
}, 120_000);

test('a prediction counts integers, scales of rows, and bytes that come with the run', () => {
  const timeOf = (graph: Graph): number => predict(graph, new PlanCache(), DEFAULT);
  const [float, int8, int12] = (['float', 'int8', 'int12'] as const).map((inputs) =>
    timeOf(graphOf(inputs, 60)),
  );
  const flops = 2 * rows * length * columns;
  const dispatch = 0.01;
  expect(int8 - float).toBeCloseTo(dispatch, 9);
  expect(int12 - int8).toBeCloseTo(flops / DEFAULT.rate, 9);
  const outside = (4 * columns * length) / 2e6;
  expect(timeOf(graphOf('float', 60, 'output')) - float).toBeCloseTo(dispatch + outside, 9);
});

test('the reason names what is too large', () => {
  const backend = webgpu();
  const graphOfRows = (count: number): Graph => {
    const matrix = quantizeMatrix(f32([1, 1], new Float32Array(1)), { bits: 8, block: 1 });
    const builder = new GraphBuilder();
    const values = { codes: builder.constant(matrix.codes), scales: builder.constant(matrix.scales) };
    const tall = builder.input('x', { dtype: 'f32', shape: [count, 1] });
    const attributes = { bits: 8, block: 1, inputs: 'int12' } as const;
    return builder.build({ y: builder.quantizedLinear(tall, values, undefined, attributes) });
  };
  const [fits, large] = [graphOfRows(2 ** 24), graphOfRows(2 ** 25)];
  expect(backend.supports(fits.nodes[0], fits)).toBe(true);
  expect(backend.supports(large.nodes[0], large)).toBe(
    'the scales of 33554432 rows take 268435456 bytes, and this device binds at most 134217728',
  );
});
