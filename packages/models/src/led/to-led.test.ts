// An LED whose window sees everything computes what its BART computes: checked against the original.
import { describe, expect, test } from 'vitest';
import { differences } from '../testing/differences.testing.ts';
import { goldenCalled } from '../testing/golden-sets.testing.ts';
import { readGolden, referenceOutputs } from '../testing/goldens.testing.ts';
import { ledFamily } from './index.ts';
import { toLed } from './to-led.ts';

const goldenOf = (id: string) => goldenCalled('heads', 'bart', id);

describe.each([
  ['bart_generation', 'LEDForConditionalGeneration', 100],
  ['bart_untied', 'LEDForConditionalGeneration', 100],
  ['bart_sequence', 'LEDForSequenceClassification', 14], // as its decoder
  ['bart_qa', 'LEDForQuestionAnswering', 100],
])('%s', (id, architecture, maxLength) => {
  test('is itself while the window sees everything', async () => {
    const golden = await goldenOf(id);
    const model = await ledFamily.load(toLed(golden.checkpoint, { window: 64, maxPositions: 100 }));
    expect([model.architecture, model.maxLength]).toEqual([architecture, maxLength]);
    const { graph, inputs } = model.call(golden.batch);
    expect(differences(golden, referenceOutputs(graph, inputs))).toEqual([]);
  });

  test('is so for global tokens, too, which begin with the projections of all', async () => {
    const golden = await goldenOf(id);
    const model = await ledFamily.load(toLed(golden.checkpoint, { window: 64, maxPositions: 100 }));
    const [rows, length] = golden.batch.inputIds.shape;
    const globalAttentionMask = Array.from({ length: rows }, () =>
      Array.from({ length }, (_, i) => Number(i % 3 === 0)),
    );
    const { graph, inputs } = model.call({ ...golden.batch, globalAttentionMask });
    expect(differences(golden, referenceOutputs(graph, inputs))).toEqual([]);
  });
});

test('positions repeat from the third row of the table, which is the first of a text', async () => {
  const { checkpoint } = await goldenOf('bart_generation');
  const led = toLed(checkpoint, { window: 4, maxPositions: 40 });
  const short = await checkpoint.tensor('model.encoder.embed_positions.weight');
  const long = await led.tensor('led.encoder.embed_positions.weight');
  const [rows, width] = short.shape;
  expect([rows, long.shape]).toEqual([16, [40, width]]);
  expect(led.spec('led.encoder.embed_positions.weight')).toMatchObject({
    shape: long.shape,
    byteLength: long.data.byteLength,
  });
  for (let row = 0; row < 40; row++) {
    const from = 2 + (row % 14);
    expect(long.data.slice(row * width, (row + 1) * width)).toEqual(
      short.data.slice(from * width, (from + 1) * width),
    );
  }
  const decoder = await led.tensor('led.decoder.embed_positions.weight');
  const own = await checkpoint.tensor('model.decoder.embed_positions.weight');
  expect(decoder.data).toEqual(own.data.slice(2 * width));
});

test('with a small window it is another one', async () => {
  const golden = await goldenOf('bart_generation');
  const model = await ledFamily.load(toLed(golden.checkpoint, { window: 2, maxPositions: 100 }));
  const { graph, inputs } = model.call(golden.batch);
  expect(differences(golden, referenceOutputs(graph, inputs)).length).toBeGreaterThan(0);
});

test('what is no plain BART is refused', async () => {
  const [scaled, plain, bert] = await Promise.all([
    goldenOf('bart_states'),
    goldenOf('bart_qa'),
    readGolden('bert_encoder'),
  ]);
  expect(() => toLed(scaled.checkpoint)).toThrow('scale_embedding must be false, got true');
  expect(() => toLed(bert.checkpoint)).toThrow('the model_type must be bart, got "bert"');
  expect(() => toLed(plain.checkpoint, { window: 5 })).toThrow(
    'window must be an even number ≥ 2, or 1 of them, one a layer, got 5',
  );
  expect(() => toLed(plain.checkpoint).spec('model.nothing')).toThrow('has no tensor "model.nothing"');
});
