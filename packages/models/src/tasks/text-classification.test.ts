/** `text-classification` beside the original pipelines, and over long texts. */
import type { Attn } from '@attn/core';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { pipeline } from '../node.ts';
import { attnOn, SCORE_TOLERANCE, describeGoldens, taskFolders } from './golden-tasks.testing.ts';
import type { Pipeline } from './pipeline.ts';
import type { Settled } from '../encode/settle.ts';
import type { LabelScore, TextClassificationOptions } from './text-classification.ts';
import type { TextPair } from './text-input.ts';

const folders = taskFolders('text-classification');

describeGoldens('text-classification', folders, (classify, { cases }) => {
  test.each(cases)('$id', async ({ input, options, expected }) => {
    const answer = await classify(input as unknown as TextPair, {
      ...(options as TextClassificationOptions),
      truncation: true,
    });
    expectLabels(answer, expected as LabelScore[]);
  });

  test('many together', async () => {
    const alike = cases.filter(({ options }) => Object.keys(options).length === 0);
    const texts = alike.map(({ input }) => input as unknown as TextPair);
    const answers = await classify(texts, { truncation: true });
    expectLabels(
      answers,
      alike.flatMap(({ expected }) => expected as LabelScore[]),
    );
  });
});

function expectLabels(got: readonly LabelScore[], expected: readonly LabelScore[]): void {
  expect(got.map(({ label }) => label)).toEqual(expected.map(({ label }) => label));
  for (const [i, { score }] of got.entries())
    expect(Math.abs(score - expected[i].score), `score ${i}`).toBeLessThan(SCORE_TOLERANCE);
}

describe('a text that is longer than the model', () => {
  const folder = folders.find(({ name }) => name === 'cls-bert')!;
  let attn: Attn;
  let classify: Pipeline<'text-classification'>;
  beforeAll(async () => {
    attn = await attnOn('cpu');
    classify = await pipeline('text-classification', folder.path, { attn });
  });
  afterAll(() => attn.dispose());

  const sentence = 'Captain Ahab nailed a doubloon to the mast of the Pequod. ';

  test('is read in windows, whose scores count by their tokens', async () => {
    const text = sentence.repeat(12);
    const all = { top_k: null, maxLength: 40, overlap: 0 };
    const labels = await classify(text, all);
    expect(labels[0].windows).toBeGreaterThan(3);
    expect(labels.reduce((sum, { score }) => sum + score, 0)).toBeCloseTo(1, 6);
    // The same by hand: the parts between which windows are cut, each as a text of its own.
    const { tokenizer } = classify.model;
    const { ids, sequences } = tokenizer!.encode(text);
    const content = ids.filter((_, i) => sequences?.[i] === 0);
    const room = 40 - (ids.length - content.length);
    const parts = Array.from({ length: Math.ceil(content.length / room) }, (_, i) =>
      content.slice(i * room, (i + 1) * room),
    );
    const rows = await Promise.all(
      parts.map((part) =>
        classify.model.run({ inputIds: [[ids[0], ...part, ids[ids.length - 1]]] }, { backend: 'cpu' }),
      ),
    );
    const expected = [0, 0, 0, 0];
    for (const [i, { logits }] of rows.entries()) {
      const powers = Array.from(logits.data, Math.exp);
      const sum = powers.reduce((a, b) => a + b);
      powers.forEach((power, k) => (expected[k] += ((power / sum) * parts[i].length) / content.length));
    }
    const sorted = expected.toSorted((a, b) => b - a);
    labels.forEach(({ score }, i) => expect(score).toBeCloseTo(sorted[i], 5));
  });
});

describe('a stream', () => {
  test('gives an answer for each input, in order', async () => {
    const attn = await attnOn('cpu');
    await using classify = await pipeline('text-classification', folders[0].path, { attn });
    const texts = Array.from({ length: 150 }, (_, i) => `the whale ${'swims '.repeat(i % 7)}${i}`);
    const streamed: LabelScore[] = [];
    for await (const labels of classify.stream(texts)) streamed.push(...labels);
    expectLabels(streamed, await classify(texts));
    await attn.dispose();
  });

  test('ends with a wrong input, or goes on where it settles', async () => {
    const attn = await attnOn('cpu');
    await using classify = await pipeline('text-classification', folders[0].path, { attn });
    const texts: string[] = Array.from({ length: 70 }, (_, i) => `whale ${i}`);
    texts[66] = 5 as never;
    const stream = classify.stream(texts);
    for (let i = 0; i < 64; i++) expect((await stream.next()).done).toBe(false);
    await expect(stream.next()).rejects.toThrow('input 66 must be a text or { text, text_pair }, got 5');
    const options = { top_k: null };
    const settled: Settled<unknown, readonly LabelScore[]>[] = [];
    for await (const each of classify.settle(texts, options)) settled.push(each);
    expect(settled.map(({ input }) => input)).toEqual(texts);
    expect(settled.flatMap(({ error }) => (error === undefined ? [] : [error.sentence]))).toEqual([
      'the input must be a text or { text, text_pair }, got 5',
    ]);
    for (const i of [0, 65, 69]) expectLabels(settled[i].answer!, await classify(texts[i], options));
    const wrongOption = classify.settle(texts, { top_k: 0 }).next();
    await expect(wrongOption).rejects.toThrow('top_k must be');
    const aborted = classify.settle(texts, { signal: AbortSignal.abort() }).next();
    await expect(aborted).rejects.toMatchObject({ code: 'ABORTED' });
    await attn.dispose();
  });
});

describe('what cannot be', () => {
  test.each([
    ['nothing', undefined, 'the input must be a text or { text, text_pair }, got undefined'],
    ['a number as text', { text: 1 }, 'text must be a string, got 1'],
    ['a strange field', { text: 'a', pair: 'b' }, 'there is no option "pair"'],
  ])('%s', async (_, input, message) => {
    const attn = await attnOn('cpu');
    const classify = await pipeline('text-classification', folders[0].path, { attn });
    await expect(classify(input as never)).rejects.toMatchObject({
      code: 'INVALID_ARGUMENT',
      message: expect.stringContaining(message),
    });
    await attn.dispose();
  });

  test('an unknown task, a model of another task', async () => {
    await expect(pipeline('translation' as never, 'x')).rejects.toMatchObject({
      code: 'INVALID_ARGUMENT',
      message: expect.stringContaining('task must be one of text-classification'),
    });
    const attn = await attnOn('cpu');
    const masked = `${import.meta.dirname}/../../goldens/bert_masked_lm`;
    await expect(pipeline('text-classification', masked, { attn })).rejects.toMatchObject({
      code: 'UNSUPPORTED',
      message: expect.stringContaining('text-classification needs a model for sequence classification'),
    });
    await attn.dispose();
  });
});
