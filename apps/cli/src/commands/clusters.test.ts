// docs/clusters.md: the exported file gives our vectors in ONNX Runtime, and Triton's file names its parts.
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { createAttn } from '@attn/core';
import { cpu } from '@attn/cpu';
import { loadModel } from '@attn/models/node';
import { InferenceSession, Tensor } from 'onnxruntime-node';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { attnIn } from '../cli.testing.ts';

const MODEL = fileURLToPath(new URL('../../../../packages/models/goldens/tasks/st-mean', import.meta.url));
const CONFIG = new URL('../../../../examples/clusters/config.pbtxt', import.meta.url);
const TEXT = 'Call me Ishmael. The whale dived.';

let folder = '';
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'attn-clusters-'));
});
afterAll(() => rm(folder, { recursive: true }));

test('the mean of the states of the exported file is our vector', async () => {
  await writeFile(join(folder, 'texts.jsonl'), `${JSON.stringify({ text: TEXT })}\n`);
  const tokens = await attnIn(folder, ['tokenize', '--model', MODEL, '--input', 'texts.jsonl']);
  const { ids } = JSON.parse(tokens.stdout) as { ids: readonly number[] };
  const size = ['--n', String(ids.length), '--batch', '1', '--output', 'model.onnx'];
  expect(await attnIn(folder, ['export', '--model', MODEL, ...size])).toMatchObject({ code: 0 });

  const session = await InferenceSession.create(join(folder, 'model.onnx'));
  const config = await readFile(CONFIG, 'utf8');
  const [input, output] = [...config.matchAll(/name: "(\w+)"\s+data_type/g)].map(([, name]) => name);
  expect(session.inputNames).toEqual([input]);
  expect(session.outputNames).toContain(output);
  const row = new Tensor('int32', Int32Array.from(ids), [1, ids.length]);
  const { data, dims } = (await session.run({ [input]: row }))[output];
  const [, length, width] = dims;
  const mean = Array.from({ length: width }, (_, k) => {
    const column = Array.from({ length }, (_row, i) => Number(data[i * width + k]));
    return column.reduce((sum, value) => sum + value, 0) / length;
  });

  const attn = await createAttn({ backends: [cpu()] });
  const model = await loadModel(MODEL, { attn, for: 'encode' });
  const { embeddings } = await model.encode(TEXT);
  await attn.dispose();
  const ours = Array.from(embeddings.data); // of length 1, as this model's folder says
  expect(ours).toHaveLength(width);
  mean.forEach((value, k) => expect(value / Math.hypot(...mean)).toBeCloseTo(ours[k], 5));
});
