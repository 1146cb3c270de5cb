// summarization and text2text-generation: what generate writes, in the shapes of Hugging Face, at any length.
import { describeFunctions } from '@attn/conformance/vitest';
import { createAttn } from '@attn/core';
import { cpu } from '@attn/cpu';
import { afterAll, describe, expect, test, vi } from 'vitest';
import { everyOption } from '../generate/every-option.testing.ts';
import { pipeline } from '../node.ts';
import { goldenFolder } from '../testing/goldens.testing.ts';
import { LETTERS, letterModel } from './letters.testing.ts';
import { partsOf, roundsOf } from './summary-parts.ts';

const attn = await createAttn({ backends: [cpu()] });
afterAll(() => attn.dispose());
const model = await letterModel(attn);
const summarize = await pipeline('summarization', model);
const answer = await pipeline('text2text-generation', model);

/** What the model writes for ids. */
const written = async (ids: readonly number[], options = {}): Promise<string> =>
  String((await model.generate(ids, options)).text);
const idsOf = (text: string): readonly number[] => LETTERS.encode(text).ids;

test('one text, several, and several results for each', async () => {
  const options = { max_new_tokens: 6, num_beams: 3 };
  const [first, second] = await Promise.all(['whale', 'ship'].map((text) => written(idsOf(text), options)));
  expect(await summarize('whale', options)).toEqual([{ summary_text: first }]);
  expect(await summarize(['whale', { text: 'ship' }], options)).toEqual([
    { summary_text: first },
    { summary_text: second },
  ]);
  expect(await answer(['whale', 'ship'], options)).toEqual([
    { generated_text: first },
    { generated_text: second },
  ]);
  const { sequences } = await model.generate('whale', { ...options, num_return_sequences: 2 });
  expect(await answer(['whale'], { ...options, num_return_sequences: 2 })).toEqual([
    sequences.map(({ text }) => ({ generated_text: text })),
  ]);
  expect(await summarize([])).toEqual([]);
});

test('what the files say of the task: its options and its prefix', async () => {
  const params = { prefix: 'abc', max_length: 7, num_beams: 2 };
  const other = await letterModel(attn, { max_length: 4, task_specific_params: { summarization: params } });
  const own = await pipeline('summarization', other);
  const expected = await written(idsOf('abcwhale'), { max_length: 7, num_beams: 2 });
  expect(await own('whale')).toEqual([{ summary_text: expected }]);
  const general = await pipeline('text2text-generation', other);
  expect(await general('whale')).toEqual([
    { generated_text: await written(idsOf('whale'), { max_length: 4 }) },
  ]);
});

describe('texts longer than the model', () => {
  const long = 'thewhitewhaleswimsroundtheshipandnobodyseesitbutishmael';
  const options = { max_new_tokens: 6, eos_token_id: [] };

  test('are read in parts, whose summaries are summarised', async () => {
    const inner = idsOf(long).slice(1, -1);
    const half = Math.round(inner.length / 2);
    const parts = [inner.slice(0, half), inner.slice(half)].map((part) => [0, ...part, 2]);
    const summaries = await Promise.all(parts.map((part) => written(part, options)));
    const expected = await written(idsOf(summaries.join('\n')), options);
    const pieces: string[] = [];
    const inputs = new Set<number>();
    const steps: { done: number; total: number; unit: string }[] = [];
    const result = await summarize(['ship', long], {
      ...options,
      onText(piece, input) {
        inputs.add(input);
        if (input === 1) pieces.push(piece);
      },
      onProgress: (step) => void steps.push(step),
    });
    expect(result[1]).toEqual({ summary_text: expected });
    expect([...inputs]).toEqual([0, 1]);
    // Only the last round is heard of.
    expect(pieces.join('')).toBe(expected);
    const tokens = steps.filter(({ unit }) => unit === 'tokens');
    expect(tokens.map(({ done }) => done)).toEqual(tokens.map(({ done }) => done).toSorted((a, b) => a - b));
    expect(tokens.at(-1)).toEqual({ done: 24, total: 24, unit: 'tokens' });
  });

  test('are cut, or refused where another text is asked for', async () => {
    const cut = [...idsOf(long).slice(0, 31), 2];
    const expected = await written(cut, options);
    expect(await summarize(long, { ...options, truncation: true })).toEqual([{ summary_text: expected }]);
    expect(await answer(long, { ...options, truncation: true })).toEqual([{ generated_text: expected }]);
    await expect(answer(long, options)).rejects.toThrow('a text must be at most 32 tokens, got 57');
  });

  test('need summaries that are shorter than parts', async () => {
    await expect(summarize(long, { max_new_tokens: 15 })).rejects.toMatchObject({
      code: 'INVALID_ARGUMENT',
      message: expect.stringContaining('so a summary must be at most 14 new tokens, got 15'),
    });
  });
});

test('parts have the prefix and special tokens, and are equally long', () => {
  const tokens = LETTERS.encode('abcdefghijklmno');
  expect(partsOf(tokens, { maxLength: 10, prefix: [3] })).toEqual([
    [0, 3, 4, 5, 6, 7, 2],
    [0, 3, 8, 9, 10, 11, 12, 2],
    [0, 3, 13, 14, 15, 16, 17, 2],
  ]);
  expect(partsOf(tokens, { maxLength: 17, prefix: [3] })).toEqual([tokens.ids]);
});

test('rounds end', () => {
  expect(roundsOf(1_000_000, 16_382, 255)).toEqual([62, 1]);
  expect(roundsOf(10_000, 100, 49)).toEqual([100, 50, 25, 13, 7, 4, 2, 1]);
});

test('an end by the caller within a round', async () => {
  const end = new AbortController();
  const onToken = vi.fn(() => end.abort());
  await expect(summarize('whale', { max_new_tokens: 6, signal: end.signal, onToken })).rejects.toMatchObject({
    code: 'ABORTED',
  });
  expect(onToken).toHaveBeenCalledTimes(1);
});

test.each([
  ['an empty text', [['a', ' ']], 'input 1 must have at least one token, got " "'],
  ['a number', [5], 'the input must be a text or { text }, got 5'],
  ['no tokens', ['a', { max_new_tokens: 0 }], 'max_new_tokens must be a positive integer, got 0'],
  [
    'more than the decoder has',
    ['a', { max_new_tokens: 20 }],
    'must be at most 20 tokens together, got 1 + 20',
  ],
  [
    'a choice of beams',
    ['a', { num_beams: 2, num_return_sequences: 3 }],
    'must be at most num_beams, got 3 and 2',
  ],
])('%s', async (_, args, message) => {
  const call = summarize as unknown as (...all: unknown[]) => Promise<unknown>;
  await expect(call(...args)).rejects.toMatchObject({
    code: 'INVALID_ARGUMENT',
    message: expect.stringContaining(message),
  });
});

test('models of other tasks', async () => {
  const causal = goldenFolder('tasks/gen-reformer');
  await expect(pipeline('summarization', causal, { attn })).rejects.toMatchObject({
    code: 'UNSUPPORTED',
    message: expect.stringContaining('needs a model with an encoder and a decoder'),
  });
  await expect(pipeline('text-generation', model)).rejects.toThrow(
    'use text2text-generation or summarization',
  );
});

describeFunctions([], {
  'pipeline of summarization': {
    call: (...[a, b]) => summarize(a, b),
    args: () => ['a', { ...everyOption(), truncation: true }],
    options: [1],
  },
});
