/** `zero-shot-classification` beside the original pipeline, and over long texts. */
import { describeFunctions } from '@attn/conformance/vitest';
import { afterAll, describe, expect, test } from 'vitest';
import { pipeline } from '../node.ts';
import {
  attnOn,
  SCORE_TOLERANCE,
  describeGoldens,
  taskFolders,
  wholeOptions,
} from './golden-tasks.testing.ts';
import { softmax } from '../encode/scores.ts';
import type { LabelledText, ZeroShotAnswer, ZeroShotOptions } from './zero-shot-classification.ts';
import { entailmentIds } from './zero-shot/entailment.ts';

const folders = taskFolders('zero-shot-classification');

/** What a case expects; of two right answers, the one that finds the contradiction by its name. */
const expectedOf = (golden: (typeof folders)[number]['cases'][number]): ZeroShotAnswer =>
  (golden.expected_js ?? golden.expected) as ZeroShotAnswer;

describeGoldens('zero-shot-classification', folders, (classify, { cases }) => {
  test.each(cases)('$id', async (golden) => {
    const options = { ...(golden.options as ZeroShotOptions), truncation: true };
    const { text, labels } = golden.input as unknown as LabelledText;
    const answer = await classify(text, labels, options);
    expectAnswer(answer, expectedOf(golden));
    expect(await classify({ text, labels }, options)).toEqual(answer);
  });

  test('many together', async () => {
    const alike = cases.filter(({ options }) => Object.keys(options).length === 0);
    const inputs = alike.map(({ input }) => input as unknown as LabelledText);
    const answers = await classify(inputs, { truncation: true });
    expect(answers).toHaveLength(alike.length);
    for (const [i, golden] of alike.entries()) expectAnswer(answers[i], expectedOf(golden));
  });
});

function expectAnswer(got: ZeroShotAnswer, expected: ZeroShotAnswer): void {
  expect([got.sequence, got.labels]).toEqual([expected.sequence, expected.labels]);
  expect(got.scores).toHaveLength(expected.scores.length);
  for (const [i, score] of got.scores.entries())
    expect(Math.abs(score - expected.scores[i]), `score ${i}`).toBeLessThan(SCORE_TOLERANCE);
}

const folder = folders.find(({ name }) => name === 'zs-middle')!;
const attn = await attnOn('cpu');
afterAll(() => attn.dispose());
const classify = await pipeline('zero-shot-classification', folder.path, { attn });
const sentence = 'Captain Ahab nailed a doubloon to the mast of the Pequod. ';

describe('a text that is longer than the model', () => {
  const text = sentence.repeat(9);
  const labels = ['whaling', 'an economy of many other words', 'fear'];
  const options = { maxLength: 40, overlap: 0 };

  /** Logits of each part of the text, as long as the longest hypothesis leaves room for, by itself. */
  async function byHand(): Promise<{ tokens: number; logits: number[][] }[]> {
    const { tokenizer } = classify.model;
    const pairs = labels.map((label) => tokenizer!.encode(text, { pair: `This example is ${label}.` }));
    const hypotheses = pairs.map(({ ids, sequences }) => ids.filter((_, i) => sequences?.[i] === 1));
    const content = pairs[0].ids.filter((_, i) => pairs[0].sequences?.[i] === 0);
    const [cls, sep] = [pairs[0].ids[0], pairs[0].ids.at(-1)!];
    const room = 40 - 3 - Math.max(...hypotheses.map(({ length }) => length));
    const parts = Array.from({ length: Math.ceil(content.length / room) }, (_, i) =>
      content.slice(i * room, (i + 1) * room),
    );
    return Promise.all(
      parts.map(async (part) => ({
        tokens: part.length,
        logits: await Promise.all(
          hypotheses.map(async (hypothesis) => {
            const ids = [cls, ...part, sep, ...hypothesis, sep];
            const types = ids.map((_, i) => Number(i > part.length + 1));
            const { logits } = await classify.model.run({ inputIds: [ids], tokenTypeIds: [types] });
            return Array.from(logits.data, Number);
          }),
        ),
      })),
    );
  }

  test('is read in windows that are the same for all labels', async () => {
    const windows = await byHand();
    const all = windows.reduce((sum, { tokens }) => sum + tokens, 0);
    const answer = await classify(text, labels, options);
    expect(answer.windows).toBe(windows.length);
    expect(windows.length).toBeGreaterThan(4);
    for (const [k, label] of labels.entries()) {
      const expected = windows.reduce(
        (sum, { tokens, logits }) => sum + (softmax(logits.map((row) => row[1]))[k] * tokens) / all,
        0,
      );
      expect(answer.scores[answer.labels.indexOf(label)]).toBeCloseTo(expected, 5);
    }
    expect(answer.scores.reduce((a, b) => a + b)).toBeCloseTo(1, 6);
  });

  test('each label by itself', async () => {
    const windows = await byHand();
    const all = windows.reduce((sum, { tokens }) => sum + tokens, 0);
    const answer = await classify(text, labels, { ...options, multi_label: true });
    for (const [k, label] of labels.entries()) {
      const expected = windows.reduce(
        (sum, { tokens, logits }) => sum + (softmax([logits[k][2], logits[k][1]])[1] * tokens) / all,
        0,
      );
      expect(answer.scores[answer.labels.indexOf(label)]).toBeCloseTo(expected, 5);
    }
  });

  test('among short ones', async () => {
    const texts = ['the sea', text, 'a ship 😀'];
    const answers = await classify(texts, labels, options);
    for (const [i, each] of texts.entries()) {
      const { scores, ...rest } = await classify(each, labels, options);
      const { scores: together, ...others } = answers[i];
      expect(others).toEqual(rest);
      for (const [k, score] of together.entries()) expect(score).toBeCloseTo(scores[k], 5);
    }
    expect(answers.map(({ windows }) => windows !== undefined)).toEqual([false, true, false]);
  });

  test('a hypothesis that leaves no room', async () => {
    await expect(classify(text, sentence.repeat(3), options)).rejects.toMatchObject({
      code: 'INVALID_ARGUMENT',
      message: expect.stringContaining(
        'has no room beside the second text and special tokens of the input and its longest label, which are',
      ),
    });
  });

  test('progress, an empty list, an end by the caller', async () => {
    const steps: { done: number; total: number; unit: string }[] = [];
    await classify(text, labels, { ...options, onProgress: (step) => void steps.push(step) });
    expect(steps[0]).toMatchObject({ done: 0, unit: 'characters' });
    const { windows } = await classify(text, labels, options);
    expect(steps.at(-1)).toEqual({ done: 3 * windows!, total: 3 * windows!, unit: 'windows' });
    expect(await classify([], labels)).toEqual([]);
    await expect(classify(text, labels, { signal: AbortSignal.abort() })).rejects.toMatchObject({
      code: 'ABORTED',
    });
  });
});

test('a label is put in as it is, wherever the template says', async () => {
  const odd = await classify('the sea', ['$&', 'ship'], { hypothesis_template: '{} or {}' });
  const plain = await classify('the sea', ['$& or $&', 'ship or ship'], { hypothesis_template: '{}' });
  expect(odd.scores).toEqual(plain.scores);
  expect(await classify('the sea', 'a ship, a sea')).toMatchObject({ labels: ['a ship, a sea'] });
});

test('of equal scores the later label is first', async () => {
  const { labels } = await classify('the sea', ['calm', 'storm', 'calm']);
  expect(labels.filter((label) => label === 'calm')).toHaveLength(2);
  const { labels: two } = await classify('x', ['Calm', 'calm']); // an uncased model
  expect(two).toEqual(['calm', 'Calm']);
});

test('which labels are compared', () => {
  const of = (label2id: Record<string, number>) => Object.values(entailmentIds({ label2id }, 3));
  expect(of({ neutral: 0, Entailment: 1, contradiction: 2 })).toEqual([1, 2]);
  expect(of({ ENTAILED: 0, b: 1, c: 2 })).toEqual([0, 2]);
  expect(of({ a: 0, b: 1, entails: 2 })).toEqual([2, 0]);
  expect(of({ a: 0, b: 1, c: 2 })).toEqual([2, 0]);
  expect(Object.values(entailmentIds({}, 2))).toEqual([1, 0]);
  expect(Object.values(entailmentIds({ id2label: { 0: 'entailment', 1: 'no' } }, 2))).toEqual([0, 1]);
  expect(() => entailmentIds({ label2id: { entailment: 3 } }, 3)).toThrow(
    'config.json: label2id[entailment] must be an id from 0 to 2, got 3',
  );
});

test.each([
  ['no labels', ['a'], 'the input must be { text, labels }, or a text beside labels, got "a"'],
  ['an empty list', ['a', []], 'labels must be a label or a list of at least one label, got []'],
  ['a number', [{ text: 'a', labels: [1] }], 'labels must be a label or a list of at least one label, got'],
  ['a strange field', [{ text: 'a', candidates: 'b' }], 'there is no option "candidates"'],
  [
    'a template without a place',
    ['a', 'b', { hypothesis_template: 'This is it.' }],
    'hypothesis_template must be a text with {} in the place of the label, got "This is it."',
  ],
])('%s', async (_, args, message) => {
  const call = classify as unknown as (...all: unknown[]) => Promise<unknown>;
  await expect(call(...args)).rejects.toMatchObject({
    code: 'INVALID_ARGUMENT',
    message: expect.stringContaining(message),
  });
});

test('a model of another task', async () => {
  const masked = `${import.meta.dirname}/../../goldens/bert_masked_lm`;
  await expect(pipeline('zero-shot-classification', masked, { attn })).rejects.toMatchObject({
    code: 'UNSUPPORTED',
    message: expect.stringContaining(
      'zero-shot-classification needs a model for sequence classification, got',
    ),
  });
});

describeFunctions([], {
  'pipeline of zero-shot-classification': {
    call: (...[a, b, c]) => classify(a as string, b as string[], c),
    args: () => [
      ['a whale', 'a sea'],
      ['big', 'small'],
      {
        ...wholeOptions(),
        maxLength: 24,
        truncation: false,
        overlap: 1,
        hypothesis_template: '{}',
        multi_label: true,
      },
    ],
    options: [2],
  },
});
