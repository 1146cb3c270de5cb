// `attn quantize` as users run it, and the commands that keep a model's weights as codes.
import { mkdtemp, readdir, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseSafetensors } from '@attn/safetensors';
import { openSafetensorsFile } from '@attn/safetensors/node';
import { InferenceSession, Tensor } from 'onnxruntime-node';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { attnIn } from '../cli.testing.ts';

const model = fileURLToPath(new URL('../../../../packages/models/goldens/tasks/st-mean/', import.meta.url));
let folder = '';
beforeAll(async () => void (folder = await mkdtemp(join(tmpdir(), 'attn-quantize-'))));
afterAll(() => rm(folder, { recursive: true }));
const attn = (...args: string[]) => attnIn(folder, args);

test.each([
  ['q8', 'U8', 0.999],
  ['q4', 'U8', 0.95],
  ['{"linear":"q4"}', 'U8', 0.95],
  ['f16', 'F16', 0.99999],
] as const)(
  '%s: a folder with all files, whose texts have vectors near those of the model',
  async (dtype, fileDtype, least) => {
    const output = `out-${dtype.replaceAll(/\W/g, '')}`;
    const quantized = await attn(
      'quantize',
      '--model',
      model,
      '--dtype',
      dtype,
      '--output',
      output,
      '--json',
    );
    expect(quantized).toMatchObject({ code: 0, stderr: '' });
    const before = (await readdir(model)).filter((name) => !['cases.json', 'similarity.json'].includes(name));
    expect((await readdir(join(folder, output))).sort()).toEqual(before.sort());
    const facts = JSON.parse(quantized.stdout) as {
      bytes: number;
      tensors: number;
      files: readonly string[];
    };
    expect(facts.files).toContain('1_Pooling/config.json');
    const weights = join(folder, output, 'model.safetensors');
    await using file = await openSafetensorsFile(weights);
    expect(file.metadata.has('attn_quantization')).toBe(fileDtype === 'U8');
    expect(file.names.some((name) => file.spec(name).fileDtype === fileDtype)).toBe(true);
    const [small, large] = await Promise.all(
      [weights, join(model, 'model.safetensors')].map((path) => stat(path)),
    );
    expect(small.size).toBeLessThan(large.size);

    await writeFile(join(folder, 'texts.txt'), 'A man plays the guitar.\nSomeone makes music.\n');
    const vectors = async (from: string): Promise<Float32Array> => {
      const encode = [
        'encode',
        '--model',
        from,
        '--input',
        'texts.txt',
        '--backend',
        'cpu',
        '--output',
        'v.safetensors',
      ];
      expect(await attn(...encode, '--normalize')).toMatchObject({ code: 0 });
      const { tensors } = parseSafetensors(new Uint8Array(await readFile(join(folder, 'v.safetensors'))));
      return (tensors.get('embeddings') ?? expect.fail('no embeddings')).data as Float32Array;
    };
    const [own, exact] = [await vectors(output), await vectors(model)];
    const size = exact.reduce((sum, value) => sum + value ** 2, 0);
    const cosine = own.reduce((sum, value, i) => sum + value * exact[i], 0) / size;
    expect(cosine).toBeGreaterThan(least);
  },
);

test.each<[string, readonly string[], string]>([
  ['no form', ['--model', model, '--output', 'y'], '--dtype is required'],
  [
    'another form',
    ['--model', model, '--dtype', 'q5', '--output', 'y'],
    'dtype must be "f32", "f16", "bf16", "q8", "q4", or',
  ],
  ['torn JSON', ['--model', model, '--dtype', '{"linear"', '--output', 'y'], '--dtype is not valid JSON'],
  ['no model', ['--dtype', 'q8', '--output', 'y'], '--model is required'],
  [
    'a folder that has files',
    ['--model', model, '--dtype', 'q8', '--output', '.'],
    'must be a new or empty folder',
  ],
])('%s is refused, and leaves nothing', async (_title, args, message) => {
  const before = await readdir(folder);
  const { code, stderr } = await attn('quantize', ...args);
  expect([code, stderr]).toEqual([2, expect.stringContaining(message)]);
  expect(await readdir(folder)).toEqual(before);
});

test('an interrupt while codes are written leaves nothing', async () => {
  const before = await readdir(folder);
  const args = ['quantize', '--model', model, '--dtype', 'q4', '--output', 'stopped', '--progress'];
  const { code } = await attnIn(folder, args, { interruptAt: 'writing stopped' });
  expect(code).toBe(130);
  expect(await readdir(folder)).toEqual(before);
});

test('encode says which forms it chose', async () => {
  await writeFile(join(folder, 'lines.txt'), 'A man plays the guitar.\n');
  const forms = async (...args: readonly string[]): Promise<unknown> => {
    const files = ['--model', model, '--input', 'lines.txt', '--output', 'forms.safetensors'];
    const { code, stdout, stderr } = await attn('encode', ...files, ...args, '--json');
    expect([code, stderr]).toEqual([0, '']);
    return JSON.parse(stdout).weights.forms;
  };
  const q8 = { linear: 'q8', embeddings: 'q8' };
  expect(await forms('--dtype', 'q8', '--backend', 'wasm')).toEqual({ ...q8, activations: 'integer' });
  expect(await forms('--dtype', 'q8', '--backend', 'onnx')).toEqual({ ...q8, activations: 'f32' });
  expect(await forms('--dtype', '{"linear":"q8"}', '--activations', 'int8')).toEqual({
    linear: 'q8',
    embeddings: 'f32',
    activations: 'int8',
  });
  expect(await forms('--dtype', 'auto')).toEqual({ linear: 'f32', embeddings: 'f32', activations: 'f32' });
});

test.each([
  [['--dtype', 'q5'], 'dtype must be "auto", "f32", "f16"'],
  [['--dtype', '{"linear"'], '--dtype is not valid JSON'],
  [['--activations', 'int4'], 'activations must be "f32", "integer" or "int8", got "int4"'],
])('encode refuses %s', async (args, message) => {
  await writeFile(join(folder, 'lines.txt'), 'A man plays the guitar.\n');
  const files = ['--model', model, '--input', 'lines.txt', '--output', 'none.safetensors'];
  const { code, stderr } = await attn('encode', ...files, ...args);
  expect([code, stderr]).toEqual([2, expect.stringContaining(message)]);
});

test('export writes the codes, and onnxruntime-node computes nearly what it does with numbers', async () => {
  const run = async (name: string, ...args: readonly string[]): Promise<Float32Array> => {
    const place = ['--model', model, '--n', '4', '--output', name];
    expect(await attn('export', ...place, ...args)).toMatchObject({ code: 0 });
    const session = await InferenceSession.create(join(folder, name));
    const input_ids = new Tensor('int32', Int32Array.of(0, 5, 7, 2), [1, 4]);
    const { data } = (await session.run({ input_ids })).last_hidden_state;
    await session.release();
    return data as Float32Array;
  };
  const exact = await run('f32.onnx');
  for (const [name, far] of [
    ['q8', 0.03],
    ['q4', 0.3],
  ] as const) {
    const near = await run(`${name}.onnx`, '--dtype', name);
    const error = near.reduce((sum, value, i) => sum + (value - exact[i]) ** 2, 0);
    const size = exact.reduce((sum, value) => sum + value ** 2, 0);
    expect(Math.sqrt(error / size)).toBeLessThan(far);
    expect(error).toBeGreaterThan(0);
  }
  const sizes = await Promise.all(
    ['f32', 'q8', 'q4'].map(async (name) => (await stat(join(folder, `${name}.onnx`))).size),
  );
  expect(sizes.toSorted((a, b) => b - a)).toEqual(sizes);
});
