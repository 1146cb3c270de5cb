// `attn convert` and `attn cache` as users run them.
import { mkdir, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { openTensorFile } from '@attn/models/node';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { attnIn } from '../cli.testing.ts';

const goldens = fileURLToPath(
  new URL('../../../../packages/models/goldens/checkpoints/models/', import.meta.url),
);
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
