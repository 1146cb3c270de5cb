/** Graphs that share a weight share its packed form, until the last of them is gone. */
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { f32, GraphBuilder, quantizeMatrix, tensor, type Graph, type Tensor } from '@attn/core';
import { compileGraph, lazyTensor, PlanCache, type Executable } from '@attn/core/backend';
import { afterEach, expect, test } from 'vitest';
import { Engine } from '../engine/engine.ts';
import { startHelper } from '../workers/start-helper.ts';
import { localPlans } from '../plan-source.ts';
import { kernelTable } from './index.ts';
import { isPacked, PackedWeights, WeightStore } from './packed-weights.ts';

setFlagsFromString('--expose-gc');
const collectGarbage = runInNewContext('gc') as () => void;

const engine = new Engine({ simd: 'plain', sharedMemory: false, threads: 1, startHelper });
const store = new WeightStore();
afterEach(() => expect(engine.heap.isEmpty).toBe(true));

const numbers = (shape: readonly number[], step: number): Tensor =>
  f32(
    shape,
    Float32Array.from({ length: shape.reduce((a, b) => a * b, 1) }, (_, i) => Math.sin(i * step)),
  );
const weight = numbers([64, 32], 0.3);

function graphOf(rows: number, constant: Tensor): Graph {
  const builder = new GraphBuilder();
  const x = builder.input('x', { dtype: 'f32', shape: [rows, constant.shape[1]] });
  return builder.build({ y: builder.linear(x, builder.constant(constant)) });
}

function compile(graph: Graph): Executable {
  const weights = new PackedWeights(graph, store);
  return compileGraph(graph, {
    backend: 'wasm',
    kernels: kernelTable(engine, localPlans(new PlanCache()), weights),
    allocate: (bytes) => engine.region(bytes),
    keepMemory: false,
    keepsOwn: (node, input) => isPacked(graph, node, input),
    onRelease: () => weights.release(),
  });
}

async function check(executable: Executable, rows: number, constant: Tensor): Promise<void> {
  const [columns, depth] = constant.shape;
  const x = numbers([rows, depth], 0.7);
  const { y } = await executable.run({ x });
  for (const [row, column] of [
    [0, 0],
    [rows - 1, columns - 1],
  ]) {
    let sum = 0;
    for (let i = 0; i < depth; i++) sum += x.data[row * depth + i] * constant.data[column * depth + i];
    expect(y.data[row * columns + column]).toBeCloseTo(sum, 4);
  }
}

test('two lengths of one model hold its weights once', async () => {
  const [short, long] = [5, 9].map((rows) => compile(graphOf(rows, weight)));
  await check(short, 5, weight);
  const once = engine.heap.usedBytes;
  await check(long, 9, weight);
  expect(engine.heap.usedBytes).toBe(once);
  short.dispose();
  expect(engine.heap.usedBytes).toBe(once);
  await check(long, 9, weight);
  long.dispose();
  expect(engine.heap.usedBytes).toBe(0);
});

test('one array as matrices of two shapes is two weights', async () => {
  const turned = { ...weight, shape: [32, 64] };
  const executables = [weight, turned].map((constant) => compile(graphOf(3, constant)));
  for (const i of [0, 1, 0]) await check(executables[i], 3, [weight, turned][i]);
  for (const executable of executables) executable.dispose();
});

test('an equal array is another weight', async () => {
  const copy = { ...weight, data: weight.data.slice() } as Tensor;
  const executables = [weight, copy].map((constant) => compile(graphOf(3, constant)));
  await check(executables[0], 3, weight);
  const once = engine.heap.usedBytes;
  await check(executables[1], 3, copy);
  expect(engine.heap.usedBytes).toBe(2 * once);
  for (const executable of executables) executable.dispose();
});

test('a lazy weight is read once, for all lengths', async () => {
  let reads = 0;
  const stored = lazyTensor<'f32'>({ dtype: 'f32', shape: weight.shape }, () => {
    reads++;
    return weight.data.slice() as Float32Array;
  });
  const executables = [5, 9].map((rows) => compile(graphOf(rows, stored)));
  const x = [5, 9].map((rows) => numbers([rows, 32], 0.7));
  for (const i of [0, 1, 0, 1]) {
    await executables[i].run({ x: x[i] });
    await new Promise((resolve) => setTimeout(resolve));
    collectGarbage(); // frees the array that was read, unless something holds it
  }
  expect(reads).toBe(1);
  for (const executable of executables) executable.dispose();
});

test('a quantised weight is shared by all of its parts, and by how they are read', async () => {
  const q = quantizeMatrix(weight, { bits: 8, block: 16, zeroPoints: true });
  const other = tensor('u8', q.codes.shape, q.codes.data.slice());
  const compiled = (codes: Tensor, bits: 4 | 8, inputs: 'float' | 'int12', rows: number): Executable => {
    const builder = new GraphBuilder();
    const depth = bits === 8 ? 32 : 64;
    const x = builder.input('x', { dtype: 'f32', shape: [rows, depth] });
    const parts = { codes: builder.constant(codes), scales: builder.constant(q.scales) };
    const attributes = { bits, block: bits === 8 ? 16 : 32, inputs };
    return compile(builder.build({ y: builder.quantizedLinear(x, parts, undefined, attributes) }));
  };
  const run = async (executable: Executable, rows: number, depth: number): Promise<number> => {
    await executable.run({ x: numbers([rows, depth], 0.7) });
    return engine.heap.usedBytes;
  };
  const short = compiled(q.codes, 8, 'float', 3);
  const once = await run(short, 3, 32);
  const long = compiled(q.codes, 8, 'int12', 9);
  expect(await run(long, 9, 32)).toBe(once);
  const narrow = compiled(q.codes, 4, 'int12', 3);
  expect(await run(narrow, 3, 64)).toBeGreaterThan(once);
  const copied = compiled(other, 8, 'float', 3);
  expect(await run(copied, 3, 32)).toBeGreaterThan(2 * once);
  for (const executable of [short, narrow, copied]) executable.dispose();
  expect(engine.heap.usedBytes).toBe(once);
  long.dispose();
});
