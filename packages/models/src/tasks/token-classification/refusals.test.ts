/** `token-classification`: what cannot be, aborts, progress. */
import { describeFunctions } from '@attn/conformance/vitest';
import { AttnError, type Attn } from '@attn/core';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { LoadedModel } from '../../loaded-model.ts';
import { loadModel, pipeline } from '../../node.ts';
import { attnOn, taskFolders } from '../golden-tasks.testing.ts';
import type { Pipeline } from '../pipeline.ts';

const folders = taskFolders('token-classification');
const bert = folders.find(({ name }) => name === 'ner-bert')!;

let attn: Attn;
let classify: Pipeline<'token-classification'>;
beforeAll(async () => {
  attn = await attnOn('cpu');
  classify = await pipeline('ner', bert.path, { attn });
});
afterAll(() => attn.dispose());

const refuses = (message: string) => ({
  code: 'INVALID_ARGUMENT',
  message: expect.stringContaining(message),
});

test.each([
  ['nothing', undefined, 'the input must be a text, a list of words or { text }, got undefined'],
  ['a number', 7, 'the input must be a text, a list of words or { text }, got 7'],
  ['no text', {}, 'the input must be a text, a list of words or { text }, got {}'],
  ['a number as text', { text: 1 }, 'text must be a text or a list of words, got 1'],
  ['a strange field', { text: 'a', pair: 'b' }, 'there is no option "pair"'],
  ['a number among texts', ['a', 5], 'input 1 must be a text, a list of words or { text }, got 5'],
  [
    'words',
    { text: ['a', 'b'] },
    'the input must be a text, because is_split_into_words is false, got ["a", "b"]',
  ],
  ['a number among words', [['a', 5]], 'word 1 of the input must be a string, got 5'],
])('%s', async (_, input, message) => {
  await expect(classify(input as never)).rejects.toMatchObject(refuses(message));
});

test.each([
  [
    { aggregation_strategy: 'last' },
    'aggregation_strategy must be "none", "simple", "first", "average" or "max"',
  ],
  [{ ignore_labels: 'O' }, 'ignore_labels must be a list of labels, got "O"'],
  [{ stride: -1 }, 'stride must be a non-negative integer, got -1'],
  [{ stride: 7 }, "stride needs an aggregation_strategy other than 'none', got the stride 7"],
  [
    { stride: 7, overlap: 3, aggregation_strategy: 'simple' },
    'stride and overlap exclude each other, got stride 7 and overlap 3',
  ],
  [{ delimiter: '-' }, 'delimiter needs is_split_into_words: true, got the delimiter "-"'],
  [
    { is_split_into_words: true },
    'the input must be a list of words, because is_split_into_words is true, got "a"',
  ],
  [{ decoding: 'viterbi' }, "decoding 'viterbi' needs labels O, B-x, I-x, E-x, S-x, got ["],
  [{ operatingPoint: 'default' }, 'operatingPoint is for decoding \'viterbi\', got "default"'],
  [{ aggregation: 'simple' }, 'there is no option "aggregation"'],
])('%j', async (options, message) => {
  await expect(classify('a', options as never)).rejects.toMatchObject(refuses(message));
});

test('a stride that leaves nothing of a window', async () => {
  const text = 'Captain Ahab nailed a doubloon to the mast. '.repeat(8);
  const options = { stride: 38, aggregation_strategy: 'simple' } as const;
  const message = 'stride must be an integer from 0 to 37, got 38';
  await expect(classify(text, options)).rejects.toMatchObject(refuses(message));
});

describe('Viterbi for labels that have E and S, without a calibration', () => {
  const bioes = folders.find(({ name }) => name === 'ner-bioes')!;

  test('is a choice', async () => {
    const spans = await pipeline('ner', bioes.path, { attn });
    const text = 'Captain Ahab nailed a doubloon to the mast of the Pequod.';
    const none = await spans(text, { decoding: 'viterbi', aggregation_strategy: 'none', ignore_labels: [] });
    const path = none.map(({ entity }) => entity);
    expect(path.join(' ')).toMatch(/^(?:(?:O|[BS]-\w+|(?<=(?:B|I)-\w+ )[IE]-\w+) ?)+$/);
    // I and E follow only B and I of their type.
    path.forEach((label, i) => {
      if (/^[IE]/.test(label)) expect(path[i - 1]).toMatch(new RegExp(`^[BI]${label.slice(1)}$`));
      if (/^[BI]/.test(label)) expect(path[i + 1]).toMatch(new RegExp(`^[IE]${label.slice(1)}$`));
    });
    for (const [options, message] of [
      [{ stride: 7 }, "decoding 'viterbi' joins windows by itself, so stride must be absent, got 7"],
      [
        { aggregation_strategy: 'max' },
        "decoding 'viterbi' takes aggregation_strategy 'none' or 'simple', got",
      ],
      [
        { operatingPoint: 'x' },
        'this model has no viterbi_calibration.json, so operatingPoint must be absent',
      ],
    ] as const)
      await expect(spans(text, { decoding: 'viterbi', ...options } as never)).rejects.toMatchObject(
        refuses(message),
      );
  });

  test('without truncation E and S end groups', async () => {
    const spans = await pipeline('ner', bioes.path, { attn });
    const golden = bioes.cases.find(({ id }) => id === 'ner-bioes/26')!;
    const groups = await spans(golden.input.text as string, { aggregation_strategy: 'simple' });
    const js = golden.expected_js as readonly { readonly start_utf16: number; readonly end_utf16: number }[];
    expect(groups.map(({ start, end }) => [start, end])).toEqual(
      js.map(({ start_utf16: start, end_utf16: end }) => [start, end]),
    );
    const original = golden.expected as readonly unknown[];
    expect(groups.length).toBeLessThan(original.length);
  });
});

test('empty lists and empty texts', async () => {
  expect(await classify([])).toEqual([]);
  expect(await classify('')).toEqual([]);
  expect(await classify(['', ' '])).toEqual([[], []]);
  expect(await classify([], { is_split_into_words: true })).toEqual([]);
  expect(await classify({ text: [] }, { is_split_into_words: true })).toEqual([]);
  expect(await classify(['', ' '], { is_split_into_words: true })).toEqual([]);
});

test('an abort, and progress', async () => {
  const text = 'Captain Ahab nailed a doubloon to the mast. '.repeat(30);
  const steps: string[] = [];
  await classify(text, {
    maxLength: 40,
    onProgress: ({ done, total, unit }) => steps.push(`${unit} ${done === total ? 'all' : done}`),
  });
  expect(steps[0]).toBe('characters 0');
  expect(steps).toContain('characters all');
  expect(steps).toContain('windows 0');
  expect(steps.at(-1)).toBe('windows all');
  const signal = AbortSignal.abort();
  await expect(classify(text, { signal })).rejects.toMatchObject({ code: 'ABORTED' });
  const controller = new AbortController();
  const running = classify(text, {
    maxLength: 40,
    batchTokens: 40,
    signal: controller.signal,
    onProgress: ({ done, unit }) => unit === 'windows' && done > 1 && controller.abort(),
  });
  await expect(running).rejects.toMatchObject({ code: 'ABORTED' });
});

test('a stream of texts', async () => {
  const texts = Array.from(
    { length: 70 },
    (_, i) => `Captain Ahab ${'sails '.repeat(i % 5)}to Nantucket ${i}.`,
  );
  const answers = [];
  for await (const entities of classify.stream(texts)) answers.push(entities.map(({ start }) => start));
  const together = await classify(texts);
  expect(answers).toEqual(together.map((entities) => entities.map(({ start }) => start)));
});

describe('models that cannot do it', () => {
  test('a model of another task', async () => {
    const masked = `${import.meta.dirname}/../../../goldens/bert_masked_lm`;
    await expect(pipeline('ner', masked, { attn })).rejects.toMatchObject({
      code: 'UNSUPPORTED',
      message: expect.stringContaining(
        'token-classification needs a model for token classification, got BertForMaskedLM',
      ),
    });
  });

  test('no tokenizer, and one without offsets', async () => {
    const { network, settings } = await loadModel(bert.path, { attn });
    const without = new LoadedModel(network, undefined, attn, undefined, settings);
    await expect(pipeline('ner', without)).rejects.toMatchObject({ code: 'MISSING_INPUT' });
    const plain = { encode: () => ({ ids: [2, 5, 3] }), decode: () => '' };
    const ner = await pipeline('ner', new LoadedModel(network, plain, attn, undefined, settings));
    await expect(ner('a')).rejects.toThrow(AttnError);
    await expect(ner('a')).rejects.toMatchObject({
      code: 'UNSUPPORTED',
      message: expect.stringContaining('needs a tokenizer that gives the offsets of all tokens'),
    });
  });
});

const model = await pipeline('ner', bert.path, { attn: await attnOn('cpu') });
afterAll(() => model.dispose());

describeFunctions([{ ner: (text: never, options: never) => model(text, options) }], {
  ner: {
    args: () => [
      'Ahab',
      { aggregation_strategy: 'simple', ignore_labels: ['O'], truncation: true, stride: 1 },
    ],
    options: [1],
    depth: 1,
  },
});
