// Qwen3-Reranker from texts to scores: the prompt in three parts, the logits of "no" and "yes", and the
// classifier that people make of it.
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { createAttn, f32, i32, type Tensor } from '@attn/core';
import { cpu } from '@attn/cpu';
import { afterAll, expect, test } from 'vitest';
import { memoryCheckpoint } from '../checkpoint/memory.ts';
import { LoadedModel, loadModel } from '../node.ts';
import { goldenCases, goldenOfCase } from '../testing/golden-sets.testing.ts';
import { qwen3Family } from './index.ts';

interface Texts {
  readonly prefix: string;
  readonly suffix: string;
  readonly body: string;
  readonly default_instruction: string;
  readonly pairs: readonly { instruction: string | null; query: string; document: string }[];
  readonly yes_id: number;
  readonly no_id: number;
}

const [golden] = goldenCases('today', 'text').filter(({ id }) => id === 'qwen3_reranker');
const { checkpoint, tensors, atol } = await goldenOfCase(golden);
const texts = JSON.parse(await readFile(join(golden.folder, 'texts.json'), 'utf8')) as Texts;
const attn = await createAttn({ backends: [cpu()] });
afterAll(() => attn.dispose());
const model = await loadModel(golden.folder, { attn });

/** Rows of ids, padded on the left. */
function batchOf(rows: readonly (readonly number[])[]): { inputIds: Tensor; attentionMask: Tensor } {
  const length = Math.max(...rows.map((row) => row.length));
  const padded = rows.map((row) => [...new Array<number>(length - row.length).fill(0), ...row]);
  const mask = rows.map((row) => Array.from({ length }, (_, i) => Number(i >= length - row.length)));
  const shape = [rows.length, length];
  return { inputIds: i32(shape, padded.flat()), attentionMask: i32(shape, mask.flat()) };
}

const idsOf = (part: string): readonly number[] => model.tokenizer?.encode(part).ids ?? [];
const batch = batchOf(
  texts.pairs.map(({ instruction, query, document }) => {
    const values = { instruction: instruction ?? texts.default_instruction, query, document };
    const body = texts.body.replaceAll(/\{(\w+)\}/g, (_, name: keyof typeof values) => values[name]);
    return [...idsOf(texts.prefix), ...idsOf(body), ...idsOf(texts.suffix)];
  }),
);

const close = (got: readonly number[], name: string): void => {
  const expected = Array.from(tensors.get(`out.${name}`)?.data ?? [], Number);
  expect(got).toHaveLength(expected.length);
  for (const [i, value] of got.entries()) expect(Math.abs(value - expected[i])).toBeLessThanOrEqual(atol);
};

test('the ids of the prompts are those of the original', () => {
  for (const [name, { shape, data }] of Object.entries({
    input_ids: batch.inputIds,
    attention_mask: batch.attentionMask,
  })) {
    const expected = tensors.get(`aux.${name}`);
    expect([shape, Array.from(data)]).toEqual([expected?.shape, Array.from(expected?.data ?? [])]);
  }
});

test('scores from the logits at the last position', async () => {
  const { logits } = await model.run(batch);
  const [rows, length, words] = logits.shape;
  const pairs = Array.from({ length: rows }, (_, row) =>
    [texts.no_id, texts.yes_id].map((id) => Number(logits.data[((row + 1) * length - 1) * words + id])),
  );
  close(pairs.flat(), 'no_yes');
  close(
    pairs.map(([no, yes]) => 1 / (1 + Math.exp(no - yes))),
    'score',
  );
});

test('as a classifier: its one row is that of "yes" less that of "no"', async () => {
  const rows = new Map<string, Tensor>();
  for (const name of checkpoint.names) rows.set(name, await checkpoint.tensor(name));
  const { data, shape } = rows.get('model.embed_tokens.weight') ?? f32([0, 0], []);
  const width = shape[1];
  const difference = Array.from(
    { length: width },
    (_, c) => Number(data[texts.yes_id * width + c]) - Number(data[texts.no_id * width + c]),
  );
  rows.set('score.weight', f32([1, width], difference));
  const config = {
    ...checkpoint.config,
    architectures: ['Qwen3ForSequenceClassification'],
    id2label: { 0: 'LABEL_0' },
  };
  const classifier = new LoadedModel(await qwen3Family.load(memoryCheckpoint(config, rows)), undefined, attn);
  const { logits } = await classifier.run(batch);
  close(Array.from(logits.data, Number), 'classifier_logit');
});
