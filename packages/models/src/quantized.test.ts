/**
 * Models with quantised weights: they compute what the numbers of their codes give, on every backend, as ONNX
 * files and from folders of codes, and are near the models of which they were made.
 */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { AttnError, createAttn, f32, type Attn, type Tensors } from '@attn/core';
import { float32ToHalf, halfToFloat32 } from '@attn/core/backend';
import { cpu } from '@attn/cpu';
import { onnx } from '@attn/onnx/node';
import { wasm } from '@attn/wasm';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { bertFamily } from './bert/index.ts';
import { BERT_PRESETS } from './bert/presets.ts';
import { memoryCheckpoint } from './checkpoint/memory.ts';
import { randomCheckpoint } from './checkpoint/random.ts';
import type { WeightDtype } from './checkpoint/weight-dtype.ts';
import { findFamily } from './families.ts';
import { filesOf, serveFiles } from './files/server.testing.ts';
import { folderStore } from './files/folder-store.ts';
import { openCheckpoint } from './files/open-checkpoint.ts';
import { writeCheckpoint } from './files/write-checkpoint.ts';
import type { FamilyOptions, Model } from './model.ts';
import { loadModel } from './node.ts';
import { quantizeCheckpoint } from './quantize-checkpoint.ts';
import { differences } from './testing/differences.testing.ts';
import { runExported } from './testing/exported.testing.ts';
import { goldenFolder, readGolden, referenceOutputs, type Golden } from './testing/goldens.testing.ts';

let attn: Attn;
let folder = '';
beforeAll(async () => {
  attn = await createAttn({ backends: [cpu(), wasm(), onnx()] });
  folder = await mkdtemp(join(tmpdir(), 'attn-quantized-'));
});
afterAll(async () => {
  await attn.dispose();
  await rm(folder, { recursive: true });
});

/** Models with tied decoders, with matrices that are three in one, with gates, and of every kind of layer. */
const IDS = [
  'bert_masked_lm',
  'longformer_masked_lm',
  'led_encoder',
  'linformer_lm',
  'linformer_roberta_masked_lm',
  'today/models/mb_masked_lm_untied',
  'today/models/q3_encoder',
];

async function load({ checkpoint, architecture }: Golden, options: FamilyOptions): Promise<Model> {
  const family = (await findFamily(checkpoint.config)) ?? expect.fail('no family');
  return family.load(checkpoint, { architecture, ...options });
}

/** Writes a golden's codes, and loads them from the disk. */
async function fromFolder(golden: Golden, dtype: WeightDtype, options: FamilyOptions = {}): Promise<Model> {
  const path = await mkdtemp(join(folder, 'codes-'));
  await writeCheckpoint(path, await quantizeCheckpoint(golden.checkpoint, { dtype }));
  await using checkpoint = await openCheckpoint(folderStore(path));
  return await load({ ...golden, checkpoint }, options);
}

/** How far outputs are from the golden's, relative to their size. */
function distance(golden: Golden, outputs: Tensors): number {
  const name = golden.outputs.find((output) => output in outputs) ?? expect.fail('no output');
  const expected = golden.tensors.get(`out.${name}`)?.data ?? [];
  const compare = golden.tensors.get('aux.compare')?.data;
  const perRow = compare === undefined ? 1 : expected.length / compare.length;
  let [error, size] = [0, 0];
  for (let i = 0; i < expected.length; i++) {
    if (compare?.[Math.floor(i / perRow)] === 0) continue;
    error += (outputs[name].data[i] - expected[i]) ** 2;
    size += expected[i] ** 2;
  }
  return Math.sqrt(error / size);
}

/** Most that outputs of these small random models are from those of f32, relative to their size. */
const FAR = { f16: 0.001, bf16: 0.01, q8: 0.04, q4: 0.4 };

describe.each([
  ['f16', IDS.slice(0, 3)],
  ['bf16', IDS.slice(-2)],
  ['q8', IDS],
  ['q4', IDS],
] as const)('%s', (dtype, ids) => {
  test.each(ids)('%s', async (id) => {
    const golden = await readGolden(id);
    const model = await load(golden, { dtype });
    const { graph, inputs } = model.call(golden.batch);
    expect(graph.nodes.map(({ op }) => op)).toContain('quantizedLinear');

    // What the numbers give that the codes stand for, in float64.
    const numbers = (await fromFolder(golden, dtype, { dtype: 'f32' })).call(golden.batch);
    expect(numbers.graph.nodes.map(({ op }) => op)).not.toContain('quantizedLinear');
    const reference = Object.entries(referenceOutputs(numbers.graph, numbers.inputs));
    const tensors = new Map([
      ...golden.tensors,
      ...reference.map(([name, value]) => [`out.${name}`, value] as const),
    ]);
    const outputs = golden.outputs.filter(
      (name) => tensors.has(`out.${name}`) && name in Object.fromEntries(reference),
    );
    const expected = { ...golden, tensors, outputs };
    for (const backend of ['cpu', 'wasm', 'onnx'])
      expect(differences(expected, await attn.run(graph, inputs, { backend })), backend).toEqual([]);

    const own = await attn.run(graph, inputs, { backend: 'cpu' });
    expect(distance(golden, own)).toBeLessThan(FAR[dtype]);

    // A folder of codes is what quantising at loading makes, bit by bit.
    const stored = (await fromFolder(golden, dtype)).call(golden.batch);
    expect(await attn.run(stored.graph, stored.inputs, { backend: 'cpu' })).toEqual(own);
  });
});

test.each(['bert_masked_lm', 'today/models/mb_masked_lm_untied'])('%s as one ONNX file', async (id) => {
  const golden = await readGolden(id);
  const model = await load(golden, { dtype: { linear: 'q4', embeddings: 'q8' } });
  const { inputIds } = golden.batch;
  const [batch, length] = inputIds.shape;
  const graph = model.fixedGraph({ batch, length });
  const inputs = { input_ids: inputIds };
  const reference = Object.entries(referenceOutputs(graph, inputs));
  const tensors = new Map(reference.map(([name, tensor]) => [`out.${name}`, tensor]));
  const outputs = await runExported(graph, inputs, { portable: false });
  expect(differences({ ...golden, tensors, outputs: model.outputs }, outputs)).toEqual([]);
});

test('a folder of codes loads over range requests, too', async () => {
  const golden = await readGolden('bert_masked_lm');
  const path = await mkdtemp(join(folder, 'served-'));
  await writeCheckpoint(path, await quantizeCheckpoint(golden.checkpoint, { dtype: 'q4' }));
  const server = await serveFiles(await filesOf(`${path}/`));
  try {
    const [served, local] = [await loadModel(server.url), await loadModel(path)];
    const calls = [served, local].map(({ network }) => network.call(golden.batch));
    const [a, b] = await Promise.all(
      calls.map(({ graph, inputs }) => attn.run(graph, inputs, { backend: 'cpu' })),
    );
    expect(calls[0].graph.nodes.map(({ op }) => op)).toContain('quantizedEmbedding');
    expect(a).toEqual(b);
  } finally {
    await server.close();
  }
});

test('integers as inputs stay near', async () => {
  const golden = await readGolden('bert_masked_lm');
  const model = await load(golden, { dtype: 'q8', activations: 'integer' });
  const { graph, inputs } = model.call(golden.batch);
  const [a, b] = [
    await attn.run(graph, inputs, { backend: 'cpu' }),
    await attn.run(graph, inputs, { backend: 'wasm' }),
  ];
  expect(distance(golden, a)).toBeLessThan(FAR.q8);
  expect(distance(golden, b)).toBeLessThan(FAR.q8);
});

test('texts have vectors near those of f32', async () => {
  const texts = ['A man plays the guitar.', 'Someone makes music.'];
  const vectors = async (dtype?: WeightDtype): Promise<Float32Array> => {
    const model = await loadModel(goldenFolder('tasks/st-mean'), { attn, for: 'encode', dtype });
    return (await model.encode(texts, { normalize: true })).embeddings.data;
  };
  const [exact, q8, q4] = [await vectors(), await vectors('q8'), await vectors('q4')];
  const cosine = (other: Float32Array): number =>
    other.reduce((sum, value, i) => sum + value * exact[i], 0) / 2;
  expect(cosine(q8)).toBeGreaterThan(0.999);
  expect(cosine(q4)).toBeGreaterThan(0.95);
});

describe('quantizeCheckpoint', () => {
  const config = { ...BERT_PRESETS['bert-base-uncased'], num_hidden_layers: 2 };
  const large = randomCheckpoint(bertFamily, config, { seed: 1 });

  test.each([
    ['f16', 0.51],
    ['bf16', 0.51],
    ['q8', 0.27],
    ['q4', 0.17],
  ] as const)('%s takes at most this share of f32: %f', async (dtype, most) => {
    const codes = await quantizeCheckpoint(large, { dtype });
    const sizeOf = ({ spec }: typeof codes): number =>
      codes.names.reduce((sum, name) => sum + spec(name).byteLength, 0);
    // The table of positions stays in f32, which twelve layers would hardly show.
    const positions = large.spec(
      large.names.find((name) => name.includes('position_embeddings')) ?? '',
    ).byteLength;
    expect((sizeOf(codes) - positions) / (sizeOf(large) - positions)).toBeLessThanOrEqual(most);
  });

  test('values, and the output of the last attention, keep 8 bits', async () => {
    const codes = await quantizeCheckpoint(large, { dtype: 'q4' });
    const of8 = codes.names.filter((name) => codes.quantized?.(name)?.bits === 8);
    expect(of8.map((name) => name.replace(/^.*layer\./, ''))).toEqual([
      '0.attention.self.value.weight',
      '1.attention.self.value.weight',
      '1.attention.output.dense.weight',
    ]);
    expect(codes.quantized?.('bert.embeddings.LayerNorm.weight')).toBeUndefined();
  });

  test('codes of other bits are made anew, and forms are by role', async () => {
    const golden = await readGolden('bert_masked_lm');
    const bits = async (options: FamilyOptions): Promise<readonly unknown[]> => {
      const model = await fromFolder(golden, { linear: 'q8' }, options);
      const { nodes } = model.call(golden.batch).graph;
      return [
        ...new Set(
          nodes.flatMap(({ op, attributes }) => ('bits' in attributes ? `${op} ${attributes.bits}` : [])),
        ),
      ];
    };
    expect(await bits({})).toEqual(['quantizedLinear 8']);
    expect(await bits({ dtype: { linear: 'q4' } })).toEqual(['quantizedLinear 4', 'quantizedLinear 8']);
    expect(await bits({ dtype: { embeddings: 'q4' } })).toEqual([
      'quantizedEmbedding 4',
      'quantizedLinear 8',
      'quantizedLinear 4',
    ]);
    expect(await bits({ dtype: 'f32' })).toEqual([]);
  });

  test('halves are tensors of the file, whatever they were made of', async () => {
    const golden = await readGolden('bert_masked_lm');
    const { checkpoint: source } = golden;
    const word = source.names.find((name) => name.endsWith('word_embeddings.weight')) ?? '';
    const [rows, length] = source.spec(word).shape;
    const exact = await source.tensor(word);
    const halves = await quantizeCheckpoint(source, { dtype: { embeddings: 'f16' } });
    expect(halves.spec(word)).toMatchObject({ fileDtype: 'F16', byteLength: 2 * rows * length });
    expect(halves.names).toEqual(source.names);
    const bits = float32ToHalf(exact.data);
    expect((await halves.bytes?.(word))?.buffer).toEqual(bits.buffer);
    expect(await halves.tensor(word)).toEqual({ ...exact, data: halfToFloat32(bits) });

    const path = await mkdtemp(join(folder, 'halves-'));
    await writeCheckpoint(path, halves);
    await using stored = await openCheckpoint(folderStore(path));
    expect((await stored.tensor(word)).dtype).toBe('f16');
    const formOf = async (dtype?: WeightDtype): Promise<unknown> => {
      const { nodes } = (await load({ ...golden, checkpoint: stored }, { dtype })).call(golden.batch).graph;
      const [{ op, attributes }] = nodes.filter(({ op }) => /embedding/i.test(op));
      return 'bits' in attributes ? (attributes.float ?? attributes.bits) : op;
    };
    expect(await formOf()).toBe('f16');
    expect(await formOf('f32')).toBe('embedding');
    expect(await formOf('bf16')).toBe('bf16');
    expect(await formOf('q8')).toBe(8);
    const again = await quantizeCheckpoint(stored, { dtype: 'f32' });
    expect(again.spec(word)).toMatchObject({ fileDtype: 'F32', byteLength: 4 * rows * length });
    expect((await again.bytes?.(word))?.buffer).toEqual(halfToFloat32(bits).buffer);
  });

  test('a number beyond the range of f16 is refused', async () => {
    const { checkpoint } = await readGolden('bert_masked_lm');
    const { config: own, names } = checkpoint;
    const tensors = new Map(
      await Promise.all(names.map(async (name) => [name, await checkpoint.tensor(name)] as const)),
    );
    const word = names.find((name) => name.endsWith('word_embeddings.weight')) ?? '';
    const { shape, data } = tensors.get(word) ?? f32([0], []);
    const large = f32([...shape], Float32Array.from(data, Number));
    large.data[40] = -65_520;
    const source = memoryCheckpoint(own, new Map([...tensors, [word, large]]));
    await expect(bertFamily.load(source, { dtype: 'f16' })).rejects.toMatchObject({
      code: 'MALFORMED_FILE',
      message: expect.stringContaining(
        'numbers must be at most 65504 in size to be f16, unlike f32, got -65520 at [1, 8]',
      ),
    });
    await expect(bertFamily.load(source, { dtype: 'bf16' })).resolves.toBeDefined();
  });

  test('says what cannot be', async () => {
    const { checkpoint } = await readGolden('bert_masked_lm');
    const { config: own, names } = checkpoint;
    const tensors = new Map(
      await Promise.all(names.map(async (name) => [name, await checkpoint.tensor(name)] as const)),
    );
    const word = names.find((name) => name.endsWith('word_embeddings.weight')) ?? '';
    const { shape, data } = tensors.get(word) ?? f32([0], []);
    const spoiled = f32([...shape], Float32Array.from(data, Number));
    spoiled.data[40] = NaN;
    const broken = memoryCheckpoint(own, new Map([...tensors, [word, spoiled]]));
    await expect(bertFamily.load(broken, { dtype: 'q8' })).rejects.toMatchObject({
      code: 'MALFORMED_FILE',
      message: expect.stringContaining(
        `${word} of a checkpoint in memory cannot be quantised: numbers must be finite, got NaN at [1, 8]`,
      ),
    });
    await expect(
      bertFamily.load(checkpoint, { dtype: 'q8', signal: AbortSignal.abort() }),
    ).rejects.toMatchObject({
      code: 'ABORTED',
    });
    const unknown = memoryCheckpoint({ model_type: 'gpt2' }, new Map());
    const quantized = quantizeCheckpoint(unknown, { dtype: 'q8' });
    await expect(quantized).rejects.toBeInstanceOf(AttnError);
    await expect(quantized).rejects.toMatchObject({ code: 'UNSUPPORTED' });
  });
});
