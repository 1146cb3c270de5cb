// LED and BART of folders: the class that the config names, the encoder for vectors, scores of texts.
import { createAttn, type Attn } from '@attn/core';
import { cpu } from '@attn/cpu';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { Encoder, loadModel, PairScorer } from '../node.ts';
import { differences } from '../testing/differences.testing.ts';
import { goldenCalled } from '../testing/golden-sets.testing.ts';
import { goldenFolder } from '../testing/goldens.testing.ts';

let attn: Attn;
beforeAll(async () => {
  attn = await createAttn({ backends: [cpu()] });
});
afterAll(() => attn.dispose());

test('the class of config.json', async () => {
  const golden = await goldenCalled('heads', 'led', 'led_generation');
  const model = await loadModel(goldenFolder('heads/led/led_generation'), { attn });
  expect(model.network.architecture).toBe('LEDForConditionalGeneration');
  expect(differences(golden, await model.run(golden.batch))).toEqual([]);
  model.dispose();
});

test.each([
  ['led', 'led_generation', 'LEDEncoder'],
  ['bart', 'bart_sequence', 'BartEncoder'],
])('vectors of %s are those of the encoder', async (group, id, architecture) => {
  const golden = await goldenCalled('heads', group, id);
  const model = await loadModel(goldenFolder(`heads/${group}/${id}`), { attn, for: 'encode' });
  expect(model).toBeInstanceOf(Encoder);
  expect(model.network.architecture).toBe(architecture);
  const { decoderInputIds: _, decoderAttentionMask: __, ...texts } = golden.batch;
  const { last_hidden_state: states } = await model.run(texts);
  expect(differences(golden, { encoder_last_hidden_state: states }, ['encoder_last_hidden_state'])).toEqual(
    [],
  );
  const ids = [5, 7, 9, 2];
  const { embeddings } = await model.encode([ids], { pooling: 'mean' });
  expect(embeddings.shape).toEqual([1, states.shape[2]]);
  model.dispose();
});

test('a classifier scores pairs of texts of different lengths as it scores their ids', async () => {
  const golden = await goldenCalled('heads', 'bart', 'bart_sequence');
  const model = await loadModel(goldenFolder('heads/bart/bart_sequence'), { attn, for: 'predict' });
  expect(model).toBeInstanceOf(PairScorer);
  const outputs = await model.run(golden.batch);
  expect(differences(golden, outputs)).toEqual([]);
  const [, length] = golden.batch.inputIds.shape;
  const pairs = [10, length].map((count, row) => {
    const ids = Array.from(golden.batch.inputIds.data.subarray(row * length, row * length + count), Number);
    const sequences = ids.map((_, i): 0 | 1 => (i < 5 ? 0 : 1));
    return { text: 'a', pair: 'b', tokens: { ids, sequences }, prompt: '' };
  });
  const { logits } = await model.predict(pairs);
  for (const [i, value] of Array.from(outputs.logits.data).entries())
    expect(logits.data[i]).toBeCloseTo(Number(value), 5);
  model.dispose();
});

test('a classifier reads texts as long as those that its decoder reads', async () => {
  const model = await loadModel(goldenFolder('heads/led/led_sequence'), { attn });
  expect(model.network.maxLength).toBe(20);
  model.dispose();
});
