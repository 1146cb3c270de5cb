// Feed-forward layers block by block: which nodes, how much memory, and the same results.
import { expect, test } from 'vitest';
import { GraphBuilder, type Value } from '../graph/builder.ts';
import { evaluateReference } from '../graph/evaluate.ts';
import type { Graph } from '../graph/graph.ts';
import { f32, type Tensor } from '../tensor.ts';
import { compileGraph } from './executor.ts';
import type { Kernel, KernelTable } from './kernel.ts';
import { planMemory } from './memory.ts';
import { referenceKernels } from './reference-kernels.testing.ts';
import { bufferRegion, type Region } from './region.ts';
import { rowBlocks } from './row-blocks.ts';

const [ROWS, WIDTH, INNER] = [1000, 3, 8];
/** Blocks of 192 rows of the inner value. */
const BLOCK_BYTES = 4 * 192 * INNER;

function noise(shape: readonly number[], seed: number): Tensor {
  const size = shape.reduce((product, extent) => product * extent, 1);
  return f32(
    shape,
    Float32Array.from({ length: size }, (_, i) => Math.sin(seed + 1.7 * i)),
  );
}

function dense(builder: GraphBuilder, x: Value, width: number): Value {
  const [from] = x.shape.slice(-1);
  const weight = builder.constant(noise([width, from], from));
  return builder.linear(x, weight, builder.constant(noise([width], width)), { activation: 'relu' });
}

/** x + output(inner(x)), normalised, of an input that is computed itself. */
function layer(feedForward: (builder: GraphBuilder, x: Value) => Value): Graph {
  const builder = new GraphBuilder();
  const x = builder.tanh(builder.input('x', { dtype: 'f32', shape: [2, ROWS / 2, WIDTH] }));
  return builder.build({ y: builder.layerNorm(builder.add(x, feedForward(builder, x)), { eps: 1e-5 }) });
}

const plain = layer((builder, x) => dense(builder, dense(builder, x, INNER), WIDTH));

const gated = layer((builder, x) => {
  const scale = builder.constant(noise([1, 1, INNER], 5));
  const gate = builder.silu(builder.mul(dense(builder, x, INNER), scale));
  return dense(builder, builder.mul(gate, dense(builder, x, INNER)), WIDTH);
});

/** Memory of an executor, and its largest arena. */
class Watched {
  largest = 0;
  allocate = (bytes: number): Region => {
    this.largest = Math.max(this.largest, bytes);
    return bufferRegion(bytes);
  };
}

async function run(graph: Graph, blockBytes: number, kernels: KernelTable = referenceKernels) {
  const memory = new Watched();
  const { allocate } = memory;
  const executable = compileGraph(graph, { backend: 'test', kernels, allocate, blockBytes, poison: true });
  const { y } = await executable.run({ x: noise([2, ROWS / 2, WIDTH], 1) });
  return { y, largest: memory.largest };
}

test.each([
  ['two products', plain, 2],
  ['a gate', gated, 6],
])('%s are computed block by block, with the same results in less memory', async (_, graph, nodes) => {
  const [{ first, last, rows, inner }] = rowBlocks(graph, BLOCK_BYTES);
  expect(rowBlocks(graph, BLOCK_BYTES)).toHaveLength(1);
  expect([last - first + 1, rows, inner.size]).toEqual([nodes, ROWS, nodes - 1]);
  const whole = await run(graph, Infinity);
  const blocks = await run(graph, BLOCK_BYTES);
  expect(blocks.y).toEqual(whole.y);
  const { y } = evaluateReference(graph, { x: noise([2, ROWS / 2, WIDTH], 1) });
  blocks.y.data.forEach((value, i) => expect(value).toBeCloseTo(y.data[i], 4));
  expect(blocks.largest).toBeLessThan(whole.largest - 4 * (ROWS - 2 * 192) * INNER);
});

test('a kernel gets some rows of a tensor, in all their order', async () => {
  const shapes: unknown[] = [];
  const linear: Kernel<'linear'> = (call) => {
    shapes.push([call.inputs.x.shape, call.inputs.weight.shape, call.outputs[0].shape]);
    return referenceKernels.linear?.(call);
  };
  await run(plain, BLOCK_BYTES, { ...referenceKernels, linear });
  const weights = [
    [INNER, WIDTH],
    [WIDTH, INNER],
  ];
  const expected = [192, 192, 192, 192, 192, 40].flatMap((rows) =>
    weights.map(([to, from]) => [
      [1, rows, from],
      [to, from],
      [1, rows, to],
    ]),
  );
  expect(shapes).toEqual(expected);
});

test('a layer is left whole where it is small, or where more than its result is read', () => {
  expect(rowBlocks(plain)).toEqual([]);
  const wide = layer((builder, x) => dense(builder, dense(builder, x, WIDTH), INNER + WIDTH - INNER));
  expect(rowBlocks(wide, BLOCK_BYTES)).toEqual([]);
  const builder = new GraphBuilder();
  const inner = dense(builder, builder.input('x', { dtype: 'f32', shape: [ROWS, WIDTH] }), INNER);
  const y = dense(builder, inner, WIDTH);
  expect(rowBlocks(builder.build({ y, inner }), BLOCK_BYTES)).toEqual([]);
  expect(rowBlocks(builder.build({ y }), BLOCK_BYTES)).toHaveLength(1);
});

test('a layer of LED over 16,384 tokens has no wide value as a whole', () => {
  const builder = new GraphBuilder();
  const spec = { dtype: 'f32', shape: [1, 16_384, 768] } as const;
  const weight = (to: number, from: number) =>
    builder.constant({ dtype: 'f32', shape: [to, from], data: new Float32Array(to * from) });
  const x = builder.tanh(builder.input('x', spec));
  const inner = builder.linear(x, weight(3072, 768), undefined, { activation: 'gelu' });
  const fed = builder.linear(inner, weight(768, 3072));
  const graph = builder.build({ y: builder.layerNorm(builder.add(fed, x), { eps: 1e-5 }) });
  const tensorBytes = 4 * 16_384 * 768;
  expect(planMemory(graph).peakBytes).toBeGreaterThan(5.9 * tensorBytes);
  expect(planMemory(graph, rowBlocks(graph)).peakBytes).toBeLessThan(3.1 * tensorBytes);
});
