// An exported model stands alone: a process that loads nothing but onnxruntime-node computes what the
// reference says.
import { execFile } from 'node:child_process';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import {
  f32,
  globalTokens,
  GraphBuilder,
  keyPadding,
  buildLsh,
  or,
  quantizeMatrix,
  slidingWindow,
  type ActivationForm,
  type Graph,
  type QuantizeMatrixOptions,
  type Value,
} from '@attn/core';
import { evaluateReference } from '@attn/core/reference';
import protobuf from 'onnx-proto';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { exportOnnx, type ExportOptions } from './export.ts';
import { modelProblems } from './model/check.testing.ts';

let folder = '';
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'attn-onnx-'));
});
afterAll(() => rm(folder, { recursive: true }));

/** A program that runs a model on inputs from a JSON file, and prints its outputs as JSON. */
const RUNNER = `
import { readFileSync } from 'node:fs';
import { InferenceSession, Tensor } from 'onnxruntime-node';
const [model, inputs] = process.argv.slice(1);
const session = await InferenceSession.create(model);
const feeds = {};
for (const [name, { shape, data }] of Object.entries(JSON.parse(readFileSync(inputs, 'utf8')))) {
  feeds[name] = new Tensor('float32', Float32Array.from(data), shape);
}
const results = await session.run(feeds);
console.log(JSON.stringify(Object.fromEntries(Object.entries(results).map(([name, { data }]) => [name, [...data]]))));
`;

const longformer = or(slidingWindow({ before: 20, after: 20 }), globalTokens([0, 90]));

/** A model with weights around its attention. */
function smallModel() {
  const builder = new GraphBuilder();
  const x = builder.input('x', { dtype: 'f32', shape: [1, 150, 32] });
  const weight = (seed: number) =>
    builder.constant(
      f32(
        [32, 32],
        Float32Array.from({ length: 1024 }, (_, i) => Math.sin(i * seed) / 4),
      ),
    );
  const project = (seed: number) => builder.reshape(builder.linear(x, weight(seed)), [1, 150, 2, 16]);
  const { out } = builder.attention(
    { q: project(1.3), k: project(1.7), v: project(2.1) },
    { pattern: longformer, layout: 'bnhd' },
  );
  return builder.build({ y: builder.linear(builder.reshape(out, [1, 150, 32]), weight(2.9)) });
}

/** A model of LSH attention, which hashes and sorts its tokens itself. */
function reformer() {
  const builder = new GraphBuilder();
  const x = builder.input('x', { dtype: 'f32', shape: [1, 150, 32] });
  const heads = builder.reshape(x, [1, 150, 2, 16]);
  const { out } = buildLsh(
    builder,
    { q: heads, v: heads },
    { rounds: 2, chunkLength: 16, bucketCount: 8, causal: true, layout: 'bnhd' },
  );
  return builder.build({ y: builder.reshape(out, [1, 150, 32]) });
}

/** The sum of layers with weights as codes, in every form. */
function withCodes(): Graph {
  const builder = new GraphBuilder();
  const x = builder.input('x', { dtype: 'f32', shape: [1, 150, 32] });
  const layer = (options: QuantizeMatrixOptions, inputs: ActivationForm): Value => {
    const data = Float32Array.from({ length: 32 * 32 }, (_, i) => Math.sin(i * 1.3) / 4);
    const { codes, scales, zeroPoints, bits, block } = quantizeMatrix(f32([32, 32], data), options);
    const weight = {
      codes: builder.constant(codes),
      scales: builder.constant(scales),
      ...(zeroPoints && { zeroPoints: builder.constant(zeroPoints) }),
    };
    return builder.quantizedLinear(x, weight, undefined, { bits, block, inputs });
  };
  const layers = [
    layer({ bits: 4, block: 32 }, 'float'),
    layer({ bits: 4, block: 16, zeroPoints: true }, 'float'),
    layer({ bits: 8, block: 16, zeroPoints: true }, 'float'),
    layer({ bits: 8 }, 'int12'),
    layer({ bits: 8 }, 'int8'),
  ];
  return builder.build({ y: layers.reduce((sum, y) => builder.add(sum, y)) });
}

async function runBare(graph: Graph, options: ExportOptions): Promise<number> {
  const x = f32(
    [1, 150, 32],
    Float32Array.from({ length: 4800 }, (_, i) => Math.cos(i * 0.7)),
  );
  const { model, data } = exportOnnx(graph, options);
  expect(modelProblems(model)).toEqual([]);
  const [modelFile, inputFile] = [join(folder, 'model.onnx'), join(folder, 'inputs.json')];
  await writeFile(modelFile, model);
  if (options.dataFile !== undefined) await writeFile(join(folder, options.dataFile), data);
  await writeFile(inputFile, JSON.stringify({ x: { shape: x.shape, data: [...x.data] } }));
  const cwd = new URL('..', import.meta.url); // where onnxruntime-node is found
  const { stdout } = await promisify(execFile)(
    process.execPath,
    ['--input-type=module', '--eval', RUNNER, modelFile, inputFile],
    { cwd },
  );
  const { y } = JSON.parse(stdout) as { y: number[] };
  const expected = evaluateReference(graph, { x }).y.data;
  return Math.max(...y.map((value, i) => Math.abs(value - expected[i])));
}

test.each<ExportOptions>([{}, { portable: true }, { dataFile: 'weights.bin' }])(
  'bare onnxruntime-node computes it: %o',
  async (options) => expect(await runBare(smallModel(), options)).toBeLessThan(1e-5),
);

test.each<ExportOptions>([{}, { portable: true }, { dataFile: 'weights.bin' }])(
  'bare onnxruntime-node hashes, sorts and attends: %o',
  async (options) => expect(await runBare(reformer(), options)).toBeLessThan(1e-5),
);

test.each<ExportOptions>([{}, { portable: true }, { dataFile: 'weights.bin' }])(
  'bare onnxruntime-node multiplies codes: %o',
  async (options) => expect(await runBare(withCodes(), options)).toBeLessThan(1e-5),
);

test('weights are in their file, aligned, and not in the model', async () => {
  const { model, data } = exportOnnx(smallModel(), { dataFile: 'weights.bin' });
  const { graph } = protobuf.onnx.ModelProto.decode(model);
  const outside = graph?.initializer?.filter(({ externalData }) => (externalData?.length ?? 0) > 0) ?? [];
  expect(outside.length).toBeGreaterThanOrEqual(4);
  const offsets = outside.map(({ externalData }) => externalData?.find(({ key }) => key === 'offset')?.value);
  expect(offsets.every((offset) => Number(offset) % 4096 === 0)).toBe(true);
  const bytes = data.reduce((sum, part) => sum + part.length, 0);
  expect(bytes).toBeGreaterThan(4 * 4096);
  expect(model.length).toBeLessThan(bytes);
});

test('the cost follows the pattern: a window is not the square of n', () => {
  const sizeOf = (n: number): number => {
    const builder = new GraphBuilder();
    const x = builder.input('x', { dtype: 'f32', shape: [1, 1, n, 16] });
    const { out } = builder.attention(
      { q: x, k: x, v: x },
      { pattern: slidingWindow({ before: 64, after: 64 }) },
    );
    return exportOnnx(builder.build({ out })).model.length;
  };
  expect(sizeOf(16_384) / sizeOf(4096)).toBeLessThan(4.1);
});

test('a state is an input, and its new content an output', () => {
  const builder = new GraphBuilder();
  const state = builder.state('log', { dtype: 'f32', shape: [4, 2] });
  const rows = builder.input('rows', { dtype: 'f32', shape: [1, 2] });
  const at = builder.input('at', { dtype: 'i32', shape: [1] });
  const written = builder.writeRows(state, rows, at, 0);
  const { model, inputs, outputs } = exportOnnx(builder.build({ twice: builder.add(written, written) }));
  expect(modelProblems(model)).toEqual([]);
  expect([...inputs.keys()]).toEqual(['rows', 'at', 'log']);
  expect([...outputs.keys()]).toEqual(['twice', 'log']);
});

test('masks that decide on the pattern cannot be inputs of a file', () => {
  const builder = new GraphBuilder();
  const x = builder.input('x', { dtype: 'f32', shape: [1, 1, 8, 4] });
  const keyLengths = builder.input('keyLengths', { dtype: 'i32', shape: [1] });
  const { out } = builder.attention({ q: x, k: x, v: x, keyLengths }, { pattern: keyPadding() });
  expect(() => exportOnnx(builder.build({ out }))).toThrow(
    'masks, lengths and segments that decide on the pattern must be constants of an exported graph, got inputs',
  );
});

test('a model over 2 GB needs a data file', () => {
  const builder = new GraphBuilder();
  const x = builder.input('x', { dtype: 'f32', shape: [1, 1] });
  // 2 GB of untouched zeros occupy no memory.
  const weight = builder.constant(f32([2 ** 29, 1], new Float32Array(2 ** 29)));
  const graph = builder.build({ y: builder.linear(x, weight) });
  expect(() => exportOnnx(graph)).toThrow('a model must be below 2 GB, got 2147483');
  expect(exportOnnx(graph, { dataFile: 'weights.bin' }).model.length).toBeLessThan(4096);
});
