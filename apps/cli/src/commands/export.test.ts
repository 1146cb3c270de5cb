// `attn export` from the outside: the file runs in plain onnxruntime-node, and bad input leaves no file.
import { mkdtemp, readdir, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { slidingWindow } from '@attn/core';
import { attentionReference, toReference } from '@attn/core/reference';
import { InferenceSession, Tensor } from 'onnxruntime-node';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { attnIn, spawnIn, values } from '../cli.testing.ts';

let folder = '';
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'attn-export-'));
});
afterAll(() => rm(folder, { recursive: true }));

const WINDOW = '{"type":"slidingWindow","before":7,"after":3}';
const SIZES = ['--n', '150', '--heads', '4', '--kv-heads', '2', '--head-dim', '16', '--value-dim', '8'];

test.each([[], ['--portable']])('a model that computes what the reference says %s', async (...flags) => {
  const args = ['export', ...SIZES, '--lse', ...flags, '--pattern', WINDOW, '--output', 'm.onnx', '--json'];
  const { code, stdout } = await spawnIn(folder, args);
  expect(code).toBe(0);
  const { shapes, bytes, portable } = JSON.parse(stdout);
  expect(portable).toBe(flags.length > 0);
  expect(shapes).toEqual({ q: [1, 4, 150, 16], k: [1, 2, 150, 16], v: [1, 2, 150, 8] });
  const model = await readFile(join(folder, 'm.onnx'));
  expect(model.length).toBe(bytes);
  expect(model.includes('com.microsoft')).toBe(!portable);

  const inputs = { q: values(shapes.q, 1), k: values(shapes.k, 2), v: values(shapes.v, 3) };
  const session = await InferenceSession.create(model);
  const feeds = Object.entries(inputs).map(([name, { data, shape }]) => [
    name,
    new Tensor('float32', Float32Array.from(data), [...shape]),
  ]);
  const results = await session.run(Object.fromEntries(feeds));
  const { q, k, v } = inputs;
  const reference = { q: toReference(q), k: toReference(k), v: toReference(v) };
  const pattern = slidingWindow({ before: 7, after: 3 });
  const [out, lse] = attentionReference(reference, { pattern, returnLse: true });
  for (const [name, expected] of Object.entries({ out, lse })) {
    const data = results[name].data as Float32Array;
    expect(results[name].dims).toEqual(expected.shape);
    const error = data.reduce((worst, value, i) => Math.max(worst, Math.abs(value - expected.data[i])), 0);
    expect(error).toBeLessThan(1e-5);
  }
});

test.each([
  [['--dtype', 'f64'], 2, '--dtype must be f32 or f16, got "f64"'],
  [['--kv-heads', '3'], 2, 'got 4 and 3'],
  [['--pattern', '{"type":"keyPadding"}'], 2, 'pattern keyPadding needs the input keyLengths'],
])('%s: %i, %s', async (flags, code, message) => {
  const before = await readdir(folder);
  const pattern = flags.includes('--pattern') ? [] : ['--pattern', WINDOW];
  const size = flags.includes('--kv-heads') ? ['--n', '8', '--heads', '4'] : ['--n', '8'];
  const result = await attnIn(folder, ['export', ...size, ...flags, ...pattern, '--output', 'bad.onnx']);
  expect(result).toMatchObject({ code, stderr: expect.stringContaining(message) });
  expect(await readdir(folder)).toEqual(before);
});
