// Tokens that were made before a call are those that it would make, and are not made again.
import { createAttn, type Attn } from '@attn/core';
import { cpu } from '@attn/cpu';
import { afterAll, beforeAll, expect, test, vi } from 'vitest';
import { loadModel, type Encoder, type PairScorer, type TextTokenizer } from '../node.ts';
import { goldenFolder } from '../testing/goldens.testing.ts';

let attn: Attn;
let encoder: Encoder;
let scorer: PairScorer;
beforeAll(async () => {
  attn = await createAttn({ backends: [cpu()] });
  encoder = await loadModel(goldenFolder('tasks/st-mean'), { attn, for: 'encode' });
  scorer = await loadModel(goldenFolder('classic/sentence/cross_sigmoid'), { attn, for: 'rank' });
});
afterAll(() => attn.dispose());

/** Counts the texts that a model tokenizes. */
const spyOn = ({ tokenizer }: Encoder | PairScorer) =>
  vi.spyOn(tokenizer as Required<TextTokenizer>, 'encodeSteps');

const texts = ['the window of attention', 'Search!'];

test('vectors are those of the texts, and the tokenizer is asked once for each', async () => {
  const { embeddings } = await encoder.encode(texts, { prompt: 'query: ' });
  const steps = spyOn(encoder);
  const inputs = await encoder.tokenize(texts, { prompt: 'query: ' });
  expect(inputs.map(({ text, prompt }) => [text, prompt])).toEqual(texts.map((text) => [text, 'query: ']));
  expect((await encoder.encode(inputs, { prompt: 'query: ' })).embeddings).toEqual(embeddings);
  expect(steps).toHaveBeenCalledTimes(2);
  for await (const { key, tokens } of encoder.encodeMany(inputs, { prompt: 'query: ' }))
    expect(tokens).toEqual([inputs[Number(key)].tokens.ids.length]);
  expect(steps).toHaveBeenCalledTimes(2);
  // With another prompt these are not its tokens.
  expect((await encoder.encode(inputs)).embeddings).toEqual((await encoder.encode(texts)).embeddings);
  expect(steps.mock.calls.length).toBeGreaterThan(2);
  steps.mockRestore();
});

test('scores are those of the pairs, an empty second text among them', async () => {
  const pairs = [...texts, ''].map((pair) => ({ text: 'what is attention', pair }));
  const { scores } = await scorer.predict(pairs);
  const steps = spyOn(scorer);
  expect((await scorer.predict(await scorer.tokenize(pairs))).scores).toEqual(scores);
  expect(steps).toHaveBeenCalledTimes(pairs.length);
  steps.mockRestore();
});

test('ids and tokens that the model does not have are refused', async () => {
  await expect(encoder.tokenize([[1, 2]] as never)).rejects.toThrow('must be texts or pairs, got ids [1, 2]');
  const [input] = await encoder.tokenize('a');
  await expect(encoder.encode({ ...input, tokens: { ids: [1e9] } })).rejects.toThrow(
    'the ids of the tokenizer must be integers from 0',
  );
});
