// `attn quantize` as users run it.
import { mkdtemp, readdir, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseSafetensors } from '@attn/safetensors';
import { openSafetensorsFile } from '@attn/safetensors/node';
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
