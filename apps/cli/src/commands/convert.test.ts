// `attn convert` and `attn cache` as users run them.
import { copyFile, cp, mkdir, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { openTensorFile } from '@attn/models/node';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { attnIn } from '../cli.testing.ts';

const goldens = fileURLToPath(
  new URL('../../../../packages/models/goldens/checkpoints/models/', import.meta.url),
);
const states = fileURLToPath(new URL('../../../../packages/torch/goldens/state/', import.meta.url));
const tokenizers = fileURLToPath(new URL('../../../../packages/tokenizers/goldens/models/', import.meta.url));
let folder = '';
beforeAll(async () => void (folder = await mkdtemp(join(tmpdir(), 'attn-convert-'))));
afterAll(() => rm(folder, { recursive: true }));
const attn = (...args: string[]) => attnIn(folder, args);

describe('convert', () => {
  test('a file: names, order, dtypes and bytes stay', async () => {
    const input = join(goldens, 'led_bf16_zip/pytorch_model.bin');
    const { code, stdout } = await attn('convert', '--input', input, '--output', 'x.safetensors', '--json');
    expect(code).toBe(0);
    expect(JSON.parse(stdout)).toMatchObject({ format: 'torch-zip', output: 'x.safetensors' });
    const [before, after] = await Promise.all([input, join(folder, 'x.safetensors')].map(openTensorFile));
    expect(after.names).toEqual(before.names);
    for (const name of before.names) {
      expect(after.spec(name)).toMatchObject({
        fileDtype: before.spec(name).fileDtype,
        shape: before.spec(name).shape,
      });
      expect(await after.bytes(name)).toEqual(await before.bytes(name));
    }
    await Promise.all([before.dispose(), after.dispose()]);
  });

  test.each(['names_zip', 'names_legacy'])('a file whose names are any: %s', async (id) => {
    const state = join(states, id);
    const converted = await attn(
      'convert',
      '--input',
      join(state, 'pytorch_model.bin'),
      '--output',
      'n.safetensors',
    );
    expect(converted).toMatchObject({ code: 0, stderr: '' });
    const [ours, expected] = await Promise.all(
      [join(folder, 'n.safetensors'), join(state, 'expected.safetensors')].map(async (file) => {
        const bytes = await readFile(file);
        const end = 8 + Number(bytes.readBigUInt64LE(0));
        return { header: bytes.toString('utf8', 8, end).trim(), data: bytes.subarray(end) };
      }),
    );
    expect(expected.header).toContain('"__proto__"');
    expect(ours.header.replace('"__metadata__":{"format":"pt"},', '')).toBe(expected.header);
    expect(ours.data).toEqual(expected.data);
  });

  test.each([
    ['a model', ['--model', join(goldens, 'lf_mlm_legacy'), '--output', 'stopped']],
    [
      'a file',
      ['--input', join(goldens, 'lf_mlm_legacy/pytorch_model.bin'), '--output', 'stopped.safetensors'],
    ],
  ])('%s, interrupted while it is written, leaves nothing', async (_title, args) => {
    const before = await readdir(folder);
    const result = await attnIn(folder, ['convert', ...args, '--progress'], {
      interruptAt: 'writing stopped',
    });
    expect(result.code).toBe(130);
    expect(await readdir(folder)).toEqual(before);
  });

  test('a model: a folder that runs as the original does', async () => {
    const model = join(goldens, 'lf_mlm_legacy');
    expect(await attn('convert', '--model', model, '--output', 'long')).toMatchObject({ code: 0 });
    expect((await readdir(join(folder, 'long'))).sort()).toEqual(['config.json', 'model.safetensors']);
    const io = join(model, 'io.safetensors');
    const encode = ['encode', '--input', io, '--input-ids', 'in.input_ids', '--backend', 'cpu'];
    for (const [from, output] of [
      [model, 'a'],
      ['long', 'b'],
    ]) {
      const run = await attn(...encode, '--model', from, '--output', `${output}.safetensors`, '--json');
      expect(run.code).toBe(0);
      const format = from === model ? 'torch-legacy' : 'safetensors';
      expect(JSON.parse(run.stdout).weights).toMatchObject({ format });
    }
    const bytes = (name: string): Promise<Buffer> => readFile(join(folder, `${name}.safetensors`));
    expect(await bytes('b')).toEqual(await bytes('a'));
  });

  describe('the tokenizer of a model', () => {
    /** A folder with the weights of one golden and the files of a tokenizer. */
    async function modelWith(name: string, tokenizer: string, changed: Record<string, string> = {}) {
      const model = join(folder, name);
      await cp(join(goldens, 'lf_mlm_legacy'), model, { recursive: true });
      const files = join(tokenizers, tokenizer);
      for (const file of await readdir(files))
        if (file !== 'config.json') await copyFile(join(files, file), join(model, file));
      for (const [file, content] of Object.entries(changed)) await writeFile(join(model, file), content);
      return model;
    }

    test.each<[string, string]>([
      ['longformer-plain', ''],
      ['longformer-added', 'tokenizer_config.json'],
      ['longformer-xlmr', 'tokenizer_config.json'],
    ])('%s: a tokenizer.json is written that makes the same lines', async (id, config) => {
      const model = await modelWith(`${id}-model`, id);
      const converted = await attn('convert', '--model', model, '--output', `${id}-out`, '--json');
      expect(converted).toMatchObject({ code: 0, stderr: '' });
      const { files } = JSON.parse(converted.stdout) as { files: readonly string[] };
      expect(files).toEqual(expect.arrayContaining(['tokenizer.json', ...(config === '' ? [] : [config])]));
      const written = await readdir(join(folder, `${id}-out`));
      expect(written.sort()).toEqual([...files, 'config.json', 'model.safetensors'].sort());

      // An empty second text is none where there is a tokenizer.json.
      const lines = (await readFile(join(tokenizers, `../${id}.jsonl`), 'utf8')).split('\n');
      const tried = lines.filter((line) => !line.includes('"pair":""'));
      expect(tried.length).toBeGreaterThan(10);
      await writeFile(join(folder, 'lines.jsonl'), tried.join('\n'));
      const tokenized = async (from: string): Promise<string> => {
        const args = ['--model', from, '--input', 'lines.jsonl', '--output', 'out.jsonl'];
        expect(await attn('tokenize', ...args)).toMatchObject({ code: 0, stderr: '' });
        return readFile(join(folder, 'out.jsonl'), 'utf8');
      };
      const before = await tokenized(model);
      expect(before.split('\n').length).toBe(tried.length);
      expect((await tokenized(`${id}-out`)) === before).toBe(true);
    });

    test('one that is there stays as it is', async () => {
      const model = await modelWith('gemma-model', 'gemma');
      expect(await attn('convert', '--model', model, '--output', 'gemma-out')).toMatchObject({ code: 0 });
      const [before, after] = [model, join(folder, 'gemma-out')].map((from) => join(from, 'tokenizer.json'));
      expect(await readFile(after)).toEqual(await readFile(before));
    });

    test('one of another class is copied, with a warning', async () => {
      const config = '{ "tokenizer_class": "GPT2Tokenizer" }';
      const model = await modelWith('gpt2-model', 'longformer-plain', { 'tokenizer_config.json': config });
      const { code, stderr } = await attn('convert', '--model', model, '--output', 'gpt2-out');
      expect([code, stderr]).toEqual([
        0,
        expect.stringContaining(
          'no tokenizer.json is written: tokenizer_config.json: tokenizer_class "GPT2Tokenizer" needs a tokenizer.json',
        ),
      ]);
      const written = await readdir(join(folder, 'gpt2-out'));
      expect(written).toContain('vocab.json');
      expect(written).not.toContain('tokenizer.json');
    });

    test('one that is malformed is refused, and nothing is written', async () => {
      const model = await modelWith('torn-model', 'longformer-plain', { 'merges.txt': '#v\na b c\n' });
      const { code, stderr } = await attn('convert', '--model', model, '--output', 'torn-out');
      expect(code).not.toBe(0);
      expect(stderr).toContain('merges.txt: line 2 must have two tokens, got "a b c"');
      expect(await readdir(folder)).not.toContain('torn-out');
    });
  });

  test.each<[string, readonly string[], string]>([
    ['nothing to convert', ['--output', 'y'], '--model or --input is required'],
    ['both', ['--model', 'a', '--input', 'b', '--output', 'y'], 'exclude each other'],
    ['no output', ['--input', 'b'], '--output is required'],
    [
      'a folder that has files',
      ['--model', join(goldens, 'lf_mlm_legacy'), '--output', '.'],
      'must be a new or empty folder',
    ],
    ['no such file', ['--input', 'none.bin', '--output', 'y.safetensors'], 'there is no file none.bin'],
    ['a file of another kind', ['--input', 'page.bin', '--output', 'y.safetensors'], 'page.bin'],
  ])('%s is refused, and leaves nothing', async (_title, args, message) => {
    await writeFile(join(folder, 'page.bin'), '<!doctype html><html></html>');
    const before = await readdir(folder);
    const { code, stderr } = await attn('convert', ...args);
    expect([code, stderr]).toEqual([2, expect.stringContaining(message)]);
    expect(await readdir(folder)).toEqual(before);
  });
});

describe('cache', () => {
  test('lists and clears', async () => {
    const commit = 'c0ffee'.padEnd(40, '0');
    const model = join(folder, 'cache/models--org--name');
    for (const part of ['blobs', 'refs', `snapshots/${commit}`])
      await mkdir(join(model, part), { recursive: true });
    await writeFile(join(model, 'refs/main'), commit);
    await writeFile(join(model, 'blobs', 'a'.repeat(40)), 'x'.repeat(3_000));
    const cache = (...args: string[]) => attn('cache', '--cache', 'cache', ...args);
    const { stdout } = await cache('--json');
    expect(JSON.parse(stdout)).toMatchObject({ models: [{ id: 'org/name', revisions: ['main'] }] });
    expect((await cache()).stdout).toContain('org/name');
    expect(await cache('--clear', 'org/other')).toMatchObject({
      code: 2,
      stderr: expect.stringContaining('the cache has no model org/other; it has org/name'),
    });
    expect(await cache('--clear', 'org/name', '--clear-all')).toMatchObject({ code: 2 });
    expect((await cache('--clear', 'org/name')).code).toBe(0);
    expect((await cache()).stdout).toBe('The cache is empty.\n');
  });
});
