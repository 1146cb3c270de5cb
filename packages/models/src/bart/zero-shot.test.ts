// BART's classifiers, as bart-large-mnli is one, label texts by any words: from texts to labels.
import { cp, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createAttn, type Attn } from '@attn/core';
import { cpu } from '@attn/cpu';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { randomCheckpoint } from '../checkpoint/random.ts';
import { softmax } from '../encode/scores.ts';
import { PairScorer, pipeline, writeCheckpoint } from '../node.ts';
import { goldenFolder } from '../testing/goldens.testing.ts';
import { BART_PRESETS } from './presets.ts';
import { bartFamily } from './index.ts';

const CONFIG = {
  ...BART_PRESETS['bart-base'],
  architectures: ['BartForSequenceClassification'],
  d_model: 32,
  encoder_layers: 1,
  decoder_layers: 1,
  encoder_attention_heads: 2,
  decoder_attention_heads: 2,
  encoder_ffn_dim: 48,
  decoder_ffn_dim: 48,
  max_position_embeddings: 64,
  vocab_size: 1000,
  // The ids of the tokenizer below.
  pad_token_id: 0,
  eos_token_id: 3,
  decoder_start_token_id: 3,
  id2label: { 0: 'contradiction', 1: 'neutral', 2: 'entailment' },
  label2id: { contradiction: 0, neutral: 1, entailment: 2 },
};
const LABELS = ['whaling', 'cooking', 'an economy of many other words'];
const TEXTS = ['The crew is afraid.', 'Captain Ahab nailed a doubloon to the mast of the Pequod.'];

let attn: Attn;
let folder: string;
beforeAll(async () => {
  attn = await createAttn({ backends: [cpu()] });
  folder = await mkdtemp(join(tmpdir(), 'attn-bart-'));
  await writeCheckpoint(folder, randomCheckpoint(bartFamily, CONFIG, { seed: 3 }));
  for (const name of ['tokenizer.json', 'tokenizer_config.json'])
    await cp(join(goldenFolder('tasks/zs-middle'), name), join(folder, name));
});
afterAll(async () => {
  await attn.dispose();
  await rm(folder, { recursive: true });
});

test('each label has the score that its pair alone gives', async () => {
  await using classify = await pipeline('zero-shot-classification', folder, { attn });
  const answers = await classify(TEXTS, LABELS);
  const { model } = classify;
  if (!(model instanceof PairScorer) || model.tokenizer === undefined) return expect.fail('no classifier');
  for (const [i, text] of TEXTS.entries()) {
    const entailments: number[] = [];
    for (const label of LABELS) {
      const { ids } = model.tokenizer.encode(text, { pair: `This example is ${label}.` });
      const { logits } = await model.run({ inputIds: [ids] });
      entailments.push(Number(logits.data[2]));
    }
    const expected = softmax(entailments);
    const { labels, scores } = answers[i];
    expect(labels).toHaveLength(LABELS.length);
    for (const [place, label] of labels.entries())
      expect(scores[place]).toBeCloseTo(expected[LABELS.indexOf(label)], 5);
  }
});

test('a text that is longer than the model is read in windows', async () => {
  await using classify = await pipeline('zero-shot-classification', folder, { attn });
  const answer = await classify(TEXTS[1].repeat(12), LABELS);
  expect(answer.windows).toBeGreaterThan(2);
});
