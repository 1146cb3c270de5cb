// `attn encode` and `attn export --model` from the outside, on a
// checkpoint of the original with its inputs and outputs.
import { cp, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { Tensor } from '@attn/core';
import { parseSafetensors, serializeSafetensors } from '@attn/safetensors';
import { InferenceSession, Tensor as OrtTensor } from 'onnxruntime-node';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { attnIn, spawnIn } from '../cli.testing.ts';

const goldens = fileURLToPath(new URL('../../../../packages/models/goldens/', import.meta.url));
let folder = '';
let io: ReadonlyMap<string, Tensor>;
const path = (name: string): string => join(folder, name);
const attn = (...args: string[]) => attnIn(folder, args);
const readOutput = async (name: string): Promise<ReadonlyMap<string, Tensor>> =>
  parseSafetensors(await readFile(path(name))).tensors;
const worst = (
  got: Tensor | undefined,
  expected: Tensor | undefined,
  counts: (row: number) => boolean,
): number => {
  if (got === undefined || expected === undefined) return Infinity;
  expect(got.shape).toEqual(expected.shape);
  const width = got.shape.at(-1) ?? 1;
  return Array.from(got.data).reduce((most, value, i) => {
    return counts(Math.floor(i / width)) ? Math.max(most, Math.abs(value - expected.data[i])) : most;
  }, 0);
};

/** A tokenizer of four words. */
const TOKENIZER = {
  added_tokens: [],
  normalizer: null,
  pre_tokenizer: { type: 'WhitespaceSplit' },
  post_processor: null,
  decoder: null,
  model: {
    type: 'WordPiece',
    unk_token: 'call',
    continuing_subword_prefix: '##',
    max_input_chars_per_word: 99,
    vocab: { call: 5, me: 6, ishmael: 7, whale: 8 },
  },
};

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'attn-encode-'));
  await cp(join(goldens, 'longformer_encoder'), path('model'), { recursive: true });
  await writeFile(path('model/tokenizer.json'), JSON.stringify(TOKENIZER));
  io = parseSafetensors(await readFile(path('model/io.safetensors'))).tensors;
  const inputs = [...io].flatMap(([name, tensor]): [string, Tensor][] =>
    name.startsWith('in.') ? [[name.slice(3), tensor]] : [],
  );
  await writeFile(path('ids.safetensors'), serializeSafetensors(new Map(inputs)));
  await writeFile(path('a.txt'), 'call me ishmael\n\nwhale whale\n');
  await writeFile(path('b.txt'), 'me '.repeat(100));
});
afterAll(() => rm(folder, { recursive: true }));

describe('encode', () => {
  test.each(['cpu', 'wasm', 'onnx'])('ids and masks of a file on %s', async (backend) => {
    const args = ['--model', 'model', '--input', 'ids.safetensors', '--output', 'y.safetensors'];
    const { code, stdout, stderr } = await attn('encode', ...args, '--backend', backend, '--json');
    expect([code, stderr]).toEqual([0, '']);
    expect(JSON.parse(stdout)).toMatchObject({
      architecture: 'LongformerModel',
      backend,
      shapes: { last_hidden_state: [2, 37, 32], pooler_output: [2, 32] },
    });
    const y = await readOutput('y.safetensors');
    const compare = io.get('aux.compare')?.data ?? [];
    const tokens = (row: number): boolean => compare[row] !== 0;
    expect(worst(y.get('last_hidden_state'), io.get('out.last_hidden_state'), tokens)).toBeLessThan(2e-5);
    expect(worst(y.get('pooler_output'), io.get('out.pooler_output'), () => true)).toBeLessThan(2e-5);
  });

  test('tensors under other names, and global tokens by position', async () => {
    const source = ['--model', 'model', '--input', 'model/io.safetensors', '--output', 'y.safetensors'];
    const result = await attn(
      'encode',
      ...source,
      '--input-ids',
      'in.input_ids',
      '--attention-mask',
      'in.attention_mask',
      '--global-tokens',
      '0',
    );
    expect(result).toMatchObject({ code: 0, stderr: '' });
    expect(result.stdout).toMatch(
      /^model +LongformerModel\nweights +model.safetensors \(safetensors\)\nbackend /,
    );
  });

  test('texts', async () => {
    const args = ['--model', 'model', '--input', 'a.txt', '--output', 'y.safetensors', '--json'];
    expect(JSON.parse((await attn('encode', ...args)).stdout).shapes).toEqual({ embeddings: [1, 32] });
    expect(JSON.parse((await attn('encode', ...args, '--lines')).stdout).shapes).toEqual({
      embeddings: [2, 32],
    });
    const states = await attn('encode', ...args, '--lines', '--pooling', 'none', '--global-tokens', '0');
    expect(JSON.parse(states.stdout).shapes).toEqual({ 'states.0': [3, 32], 'states.1': [2, 32] });
  });

  test('texts in workers, which give the same vectors', async () => {
    const args = ['--model', 'model', '--input', 'a.txt', '--output', 'y.safetensors', '--lines'];
    await attn('encode', ...args, '--backend', 'cpu');
    const expected = (await readOutput('y.safetensors')).get('embeddings');
    const { code, stdout } = await attn('encode', ...args, '--backend', 'cpu', '--workers', '1');
    expect([code, stdout]).toEqual([0, expect.stringMatching(/backend +cpu \(in workers: 1\)/)]);
    expect((await readOutput('y.safetensors')).get('embeddings')).toEqual(expected);
    for (const [more, sentence] of [
      [['--workers', '2', '--backend', 'webgpu'], '--workers is for the backends onnx, wasm, cpu'],
      [['--workers', '0'], '--workers must be an integer from 1 to 256, got "0"'],
    ] as const) {
      const refused = await attn('encode', ...args, ...more);
      expect([refused.code, refused.stderr]).toEqual([2, expect.stringContaining(sentence)]);
    }
  });

  describe('a folder of sentence-transformers', () => {
    const golden = (id: string): string => join(goldens, id);
    const of = (id: string, ...more: readonly string[]) =>
      attn('encode', '--model', golden(id), '--output', 'y.safetensors', '--json', ...more);

    test('ids of a file: sentence_embedding beside the states', async () => {
      const id = 'classic/sentence/lasttoken_left';
      const names = ['input-ids', 'attention-mask', 'token-type-ids'].flatMap((name) => [
        `--${name}`,
        `aux.${name.replaceAll('-', '_')}.texts`,
      ]);
      const { code, stdout, stderr } = await of(id, '--input', join(golden(id), 'io.safetensors'), ...names);
      expect([code, stderr]).toEqual([0, '']);
      const { shapes } = JSON.parse(stdout) as { readonly shapes: object };
      expect(shapes).toMatchObject({ last_hidden_state: [7, 25, 32], sentence_embedding: [7, 32] });
      const expected = parseSafetensors(await readFile(join(golden(id), 'io.safetensors'))).tensors;
      const got = (await readOutput('y.safetensors')).get('sentence_embedding');
      expect(worst(got, expected.get('out.embeddings.texts'), () => true)).toBeLessThan(2e-5);
    });
    test('texts, with the prompt and the modules of the folder', async () => {
      const id = 'today/st/gemma_variants';
      const texts = JSON.parse(await readFile(join(golden(id), 'texts.json'), 'utf8')) as { texts: string[] };
      await writeFile(path('texts.txt'), texts.texts.join('\n'));
      const input = ['--input', 'texts.txt', '--lines'];
      const { code, stdout } = await of(id, ...input, '--prompt-name', 'query', '--quantize', 'int8');
      expect(code).toBe(0);
      expect(JSON.parse(stdout)).toMatchObject({
        shapes: { embeddings: [6, 20], sentence_embedding: [6, 20], quantized: [6, 20] },
      });
      const expected = parseSafetensors(await readFile(join(golden(id), 'io.safetensors'))).tensors;
      const y = await readOutput('y.safetensors');
      const [embedding, bytes] = ['out.embeddings.query', 'out.int8'].map((name) => expected.get(name));
      expect(worst(y.get('sentence_embedding'), embedding, () => true)).toBeLessThan(2e-5);
      expect(y.get('embeddings')).toEqual(y.get('sentence_embedding'));
      expect(worst(y.get('quantized'), bytes, () => true)).toBeLessThanOrEqual(1);
      const short = await of(id, ...input, '--as', 'query', '--dimensions', '10', '--normalize');
      expect(short.code).toBe(0);
      const part = (await readOutput('y.safetensors')).get('embeddings');
      expect(worst(part, expected.get('out.truncate_10_normalized'), () => true)).toBeLessThan(2e-5);
    });
    test('chunks, and SPLADE', async () => {
      await writeFile(path('two.txt'), 'What is it? A window of attention.');
      const chunks = await of('today/st/gemma_variants', '--input', 'two.txt', '--chunks', 'sentences');
      expect(JSON.parse(chunks.stdout)).toMatchObject({ shapes: { embeddings: [2, 20], chunks: [2, 3] } });
      const places = (await readOutput('y.safetensors')).get('chunks');
      expect([...(places?.data ?? [])]).toEqual([0, 0, 11, 0, 12, 34]);
      const splade = await of('classic/sentence/splade_max', '--input', 'two.txt');
      expect(JSON.parse(splade.stdout)).toMatchObject({ shapes: { sentence_embedding: [1, 214] } });
      const wrong = await of('classic/sentence/splade_max', '--input', 'two.txt', '--normalize');
      expect(wrong.stderr).toContain('--normalize is not for a model of sparse vectors');
    });
  });

  test('texts that are too long', async () => {
    const args = ['--model', 'model', '--input', 'a.txt,b.txt', '--output', 'y.safetensors', '--json'];
    const cut = await spawnIn(folder, ['encode', ...args]);
    expect(cut).toMatchObject({
      code: 0,
      stderr: expect.stringContaining('text 1 has 100 tokens, and 75 are the most: cut into windows'),
    });
    expect(await attn('encode', ...args, '--refuse-long')).toMatchObject({ code: 2 });
  });

  test.each([
    [['--model', 'nowhere/at all', '--input', 'a.txt'], 'there is no folder "nowhere/at all"'],
    [['--model', 'model'], '--input is required'],
    [['--input', 'a.txt'], '--model is required'],
    [['--model', 'model', '--input', 'c.txt'], 'there is no file c.txt (--input)'],
    [
      ['--model', 'model', '--input', 'ids.safetensors', '--pooling', 'cls'],
      '--pooling is for texts, got a file of ids',
    ],
    [
      ['--model', 'model', '--input', 'a.txt', '--input-ids', 'x'],
      '--input-ids is for a file of ids, got texts',
    ],
    [
      ['--model', 'model', '--input', 'ids.safetensors', '--global-tokens', '0'],
      '--global-tokens contradicts',
    ],
    [
      ['--model', 'model', '--input', 'a.txt', '--global-tokens', 'first'],
      'must be positions such as 0,7,20, got "first"',
    ],
    [['--model', 'model', '--input', 'model/io.safetensors'], 'has no tensor "input_ids"'],
    [
      ['--model', 'model', '--input', 'a.txt', '--pooling', 'mean,most'],
      '--pooling must be mean, cls, max, mean_sqrt_len_tokens, weightedmean, lasttoken, or none, got "mean,most"',
    ],
    [
      ['--model', 'model', '--input', 'a.txt', '--as', 'title'],
      '--as must be query or document, got "title"',
    ],
    [['--model', 'model', '--input', 'a.txt', '--chunks', 'words'], '--chunks must be'],
    [['--model', 'model', '--input', 'ids.safetensors', '--normalize'], '--normalize is for texts'],
    [
      ['--model', 'model', '--input', 'a.txt', '--split-long', '--refuse-long'],
      '--split-long contradicts --refuse-long',
    ],
    [
      ['--model', 'model', '--input', 'a.txt', '--architecture', 'LongformerForTokenClassification'],
      '2 are missing: classifier.weight, classifier.bias',
    ],
  ])('%j: %s', async (args, message) => {
    const before = await readdir(folder);
    const result = await attn('encode', ...args, '--output', 'bad.safetensors', '--offline');
    expect(result).toMatchObject({ code: 2, stdout: '', stderr: expect.stringContaining(message) });
    expect(await readdir(folder)).toEqual(before);
  });
});

describe('export --model', () => {
  test.each([[], ['--data-file', 'm.data']])(
    'a model that ONNX Runtime runs by itself %j',
    async (...flags) => {
      await cp(join(goldens, 'longformer_no_global'), path('plain'), { recursive: true });
      const tensors = parseSafetensors(await readFile(path('plain/io.safetensors'))).tensors;
      const result = await attn(
        'export',
        '--model',
        'plain',
        '--n',
        '64',
        ...flags,
        '--output',
        'm.onnx',
        '--json',
      );
      expect(result).toMatchObject({ code: 0, stderr: '' });
      expect(JSON.parse(result.stdout)).toMatchObject({
        architecture: 'LongformerModel',
        shapes: { input_ids: [1, 64], last_hidden_state: [1, 64, 64], pooler_output: [1, 64] },
      });
      const session = await InferenceSession.create(path('m.onnx'));
      const ids = Int32Array.from(tensors.get('in.input_ids')?.data ?? []);
      const results = await session.run({ input_ids: new OrtTensor('int32', ids, [1, 64]) });
      const expected = tensors.get('out.last_hidden_state')?.data ?? [];
      const got = results.last_hidden_state.data as Float32Array;
      expect(got.reduce((most, value, i) => Math.max(most, Math.abs(value - expected[i])), 0)).toBeLessThan(
        2e-5,
      );
      await session.release();
    },
  );

  test.each([
    [['--n', '64', '--heads', '4'], '--heads is not for --model'],
    [[], '--n is required'],
    [['--n', '500'], 'length must be at most 102, got 500'],
    [['--n', '64', '--data-file', '../x'], '--data-file must be a name beside --output'],
    [['--n', '64', '--global-tokens', '70'], '70'],
  ])('%j: %s', async (args, message) => {
    const result = await attn('export', '--model', 'plain', ...args, '--output', 'bad.onnx');
    expect(result).toMatchObject({ code: 2, stdout: '', stderr: expect.stringContaining(message) });
  });
});

describe('a model of vectors', () => {
  beforeAll(() => cp(join(goldens, 'linformer_encoder'), path('vectors'), { recursive: true }));
  const source = ['--model', 'vectors', '--input', 'vectors/io.safetensors', '--output', 'v.safetensors'];

  test('encode', async () => {
    const result = await attn('encode', ...source, '--inputs-embeds', 'in.inputs_embeds', '--json');
    expect(result).toMatchObject({ code: 0, stderr: '' });
    expect(JSON.parse(result.stdout)).toMatchObject({
      architecture: 'Linformer',
      shapes: { last_hidden_state: [2, 48, 32] },
    });
    const { tensors } = parseSafetensors(await readFile(path('vectors/io.safetensors')));
    const got = (await readOutput('v.safetensors')).get('last_hidden_state');
    expect(worst(got, tensors.get('out.last_hidden_state'), () => true)).toBeLessThan(3.7e-5);
  });
  test('a file of vectors alone needs no option', async () => {
    const inputs_embeds: Tensor = { dtype: 'f32', shape: [1, 5, 32], data: new Float32Array(160) };
    await writeFile(path('v-in.safetensors'), serializeSafetensors({ inputs_embeds }));
    const args = ['--model', 'vectors', '--input', 'v-in.safetensors', '--output', 'v.safetensors', '--json'];
    const result = await attn('encode', ...args);
    expect(JSON.parse(result.stdout).shapes).toEqual({ last_hidden_state: [1, 5, 32] });
    expect(await attn('encode', ...args, '--global-tokens', '0')).toMatchObject({
      code: 2,
      stderr: expect.stringContaining('--global-tokens is not for inputs_embeds, got both'),
    });
    expect(await attn('encode', ...args.with(1, 'model'))).toMatchObject({
      code: 2,
      stderr: expect.stringContaining('LongformerModel takes inputIds, got inputsEmbeds'),
    });
  });
  test('a file of ids is refused', async () => {
    const ids: Tensor = { dtype: 'i32', shape: [1, 5], data: new Int32Array(5) };
    await writeFile(path('few-ids.safetensors'), serializeSafetensors({ input_ids: ids }));
    expect(
      await attn(
        'encode',
        '--model',
        'vectors',
        '--input',
        'few-ids.safetensors',
        '--output',
        'x.safetensors',
      ),
    ).toMatchObject({ code: 2, stderr: expect.stringContaining('takes inputsEmbeds [batch, length, 32]') });
  });
  test('a model with a table of words takes ids, and texts without its head', async () => {
    await cp(join(goldens, 'linformer_lm'), path('lm'), { recursive: true });
    await writeFile(path('lm/tokenizer.json'), JSON.stringify(TOKENIZER));
    const ids = ['--model', 'lm', '--input', 'lm/io.safetensors', '--input-ids', 'in.input_ids'];
    const words = await attn('encode', ...ids, '--output', 'v.safetensors', '--json');
    expect(JSON.parse(words.stdout)).toMatchObject({
      architecture: 'LinformerLM',
      shapes: { logits: [1, 50, 61] },
    });
    const texts = ['--model', 'lm', '--architecture', 'Linformer', '--input', 'a.txt,b.txt'];
    const cut = await attn('encode', ...texts, '--output', 'v.safetensors', '--json');
    expect(cut).toMatchObject({
      code: 0,
      stderr: expect.stringContaining('64 are the most: cut into windows'),
    });
    expect(JSON.parse(cut.stdout).shapes).toEqual({ embeddings: [2, 32] });
  });
  test('export', async () => {
    const args = ['--model', 'vectors', '--n', '20', '--output', 'v.onnx', '--json'];
    const result = await attn('export', ...args);
    expect(result).toMatchObject({ code: 0, stderr: '' });
    expect(JSON.parse(result.stdout).shapes).toEqual({
      inputs_embeds: [1, 20, 32],
      last_hidden_state: [1, 20, 32],
    });
  });
});

describe('make-checkpoint', () => {
  const config =
    '{"model_type":"longformer","vocab_size":50,"hidden_size":8,"num_attention_heads":2,"num_hidden_layers":1,"intermediate_size":16,"attention_window":4,"max_position_embeddings":40}';

  test('the same weights from the same seed, which load and run', async () => {
    const make = (output: string, ...flags: string[]) =>
      attn('make-checkpoint', '--config', config, '--output', output, ...flags, '--json');
    const result = await make('r1', '--seed', '7');
    expect(result).toMatchObject({ code: 0, stderr: '' });
    expect(JSON.parse(result.stdout)).toMatchObject({ output: 'r1', tensors: 29 });
    await make('r2', '--seed', '7');
    await make('r3', '--seed', '8', '--dtype', 'f16');
    const bytes = async (name: string) => readFile(path(join(name, 'model.safetensors')));
    expect((await bytes('r1')).equals(await bytes('r2'))).toBe(true);
    expect((await bytes('r3')).length).toBeLessThan(0.75 * (await bytes('r1')).length);
    const ids: Tensor = { dtype: 'i32', shape: [1, 20], data: new Int32Array(20).fill(9) };
    await writeFile(path('few.safetensors'), serializeSafetensors({ input_ids: ids }));
    for (const model of ['r1', 'r3']) {
      const run = await attn(
        'encode',
        '--model',
        model,
        '--input',
        'few.safetensors',
        '--output',
        'y.safetensors',
        '--json',
      );
      expect(JSON.parse(run.stdout).shapes).toEqual({ last_hidden_state: [1, 20, 8], pooler_output: [1, 8] });
    }
  });

  test.each([
    ['longformer-tiny', 'there is no file longformer-tiny'],
    ['{"model_type":"gpt2"}', '--config must be of longformer, led, bart, reformer'],
    ['{"model_type":"longformer"}', 'must be an integer from 1'],
    ['[]', 'must hold a JSON object, got []'],
  ])('%s: %s', async (config, message) => {
    const result = await attn('make-checkpoint', '--config', config, '--output', 'none');
    expect(result).toMatchObject({ code: 2, stdout: '', stderr: expect.stringContaining(message) });
  });
});
