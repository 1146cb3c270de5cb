// A model of a folder: its weights stay in the file, and each backend reads or maps the parts that it needs.
import { createAttn, type Attn } from '@attn/core';
import { isLazy } from '@attn/core/backend';
import { cpu } from '@attn/cpu';
import { onnx } from '@attn/onnx/node';
import { wasm } from '@attn/wasm';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { loadModel } from '../node.ts';
import { differences } from '../testing/differences.testing.ts';
import { goldenCases, goldenOfCase } from '../testing/golden-sets.testing.ts';

const [golden] = goldenCases('today', 'models').filter(({ id }) => id === 'mb_hub2024');

let attn: Attn;
beforeAll(async () => {
  attn = await createAttn({ backends: [cpu(), wasm(), onnx()] });
});
afterAll(() => attn.dispose());

test.each(['cpu', 'wasm', 'onnx'])('on %s', async (backend) => {
  const expected = await goldenOfCase(golden);
  const model = await loadModel(golden.folder, { attn, for: 'encode' });
  const outputs = await model.run(expected.batch, { backend });
  expect(differences(expected, outputs, ['last_hidden_state'])).toEqual([]);
  model.dispose();
});

test('stored matrices are not read to be cut', async () => {
  const model = await loadModel(golden.folder, { attn, for: 'encode' });
  const { constants, names } = model.fixedGraph({ batch: 1, length: 4 });
  const parts = [...constants].filter(([id]) => names.get(id)?.includes('Wqkv.weight['));
  expect(parts).toHaveLength(3 * 5);
  expect(parts.every(([, tensor]) => isLazy(tensor) && tensor.file !== undefined)).toBe(true);
  model.dispose();
});

test('texts that are longer than the model are split, and give a vector', async () => {
  const model = await loadModel(golden.folder, { attn, for: 'encode' });
  const ids = [Array.from({ length: 30 }, (_, i) => 5 + i), [5, 6, 7]];
  const options = { maxLength: 16, onWarning: () => {}, backend: 'cpu' } as const;
  const { embeddings } = await model.encode(ids, options);
  expect(embeddings.shape).toEqual([2, 32]);
  const alone = await model.encode([ids[1]], options);
  const together = Array.from(embeddings.data).slice(32);
  for (const [i, value] of together.entries()) expect(value).toBeCloseTo(Number(alone.embeddings.data[i]), 5);
  model.dispose();
});
