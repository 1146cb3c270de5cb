/** `text-generation` beside the original pipeline, and as its text comes. */
import { describeFunctions } from '@attn/conformance/vitest';
import { afterAll, expect, test, vi } from 'vitest';
import { pipeline, type TextGenerator } from '../node.ts';
import { goldenFolder } from '../testing/goldens.testing.ts';
import { everyOption } from '../generate/every-option.testing.ts';
import { attnOn, describeGoldens, taskFolders } from './golden-tasks.testing.ts';
import type { TextGenerationOptions } from './text-generation.ts';

const folders = taskFolders('text-generation');

describeGoldens('text-generation', folders, (generate, { cases }) => {
  test.each(cases)('$id', async ({ input, options, expected }) => {
    const all = { ...(options as TextGenerationOptions), truncation: true };
    expect(await generate(input as { text: string }, all)).toEqual(expected);
  });

  test.each(cases.filter(({ generated_ids: ids }) => ids !== undefined))(
    '$id token by token',
    async ({ input, options, generated_ids: ids }) => {
      const tokens: number[] = [];
      const all = options as TextGenerationOptions;
      await generate(String(input.text), { ...all, onToken: (id) => void tokens.push(id) });
      expect(tokens).toEqual(ids);
    },
  );
});

const [folder] = folders;
const attn = await attnOn('cpu');
afterAll(() => attn.dispose());
const generate = await pipeline('text-generation', folder.path, { attn });
const texts = folder.cases.map(({ input }) => String(input.text));

test('several texts, one after another, as each would be alone', async () => {
  const pieces = texts.map(() => '');
  const inputs: number[] = [];
  const options = {
    max_new_tokens: 6,
    onToken: (_: number, input: number) => void inputs.push(input),
    onText: (piece: string, input: number) => void (pieces[input] += piece),
  };
  const answers = await generate(texts, options);
  for (const [i, text] of texts.entries()) {
    expect(answers[i]).toEqual(await generate(text, { max_new_tokens: 6 }));
    expect(text + pieces[i]).toBe(answers[i][0].generated_text);
  }
  expect(inputs).toEqual(texts.flatMap((_, i) => new Array<number>(6).fill(i)));
  expect(await generate([])).toEqual([]);
});

test('draws follow from the seed', async () => {
  const draw = (options: TextGenerationOptions) =>
    generate('Call me', { max_new_tokens: 6, do_sample: true, temperature: 1.5, ...options });
  expect(await draw({ seed: 1 })).toEqual(await draw({ seed: 1 }));
  expect(await draw({ seed: 1 })).not.toEqual(await draw({ seed: 2 }));
  expect(await draw({})).toEqual(await draw({ seed: 0, top_k: 50, top_p: 1 }));
  // Of one token there is no choice.
  const greedy = await generate('Call me', { max_new_tokens: 6 });
  expect(await draw({ top_k: 1, seed: 3 })).toEqual(greedy);
  expect(await draw({ top_p: 1e-9, top_k: 0, seed: 3 })).toEqual(greedy);
});

test('what does nothing is said', async () => {
  const onWarning = vi.fn();
  const answer = await generate('Call me', { max_new_tokens: 4, temperature: 2, onWarning });
  expect(answer).toEqual(await generate('Call me', { max_new_tokens: 4, onWarning }));
  expect(onWarning.mock.calls).toEqual([
    ['[attn/models] text-generation: temperature does nothing without do_sample'],
  ]);
});

test('progress in tokens, an end by the caller or by an error', async () => {
  const steps: { done: number; total: number; unit: string }[] = [];
  await generate(['Call', 'me'], { max_new_tokens: 3, onProgress: (step) => void steps.push(step) });
  const tokens = steps.filter(({ unit }) => unit === 'tokens');
  expect(tokens.map(({ done }) => done)).toEqual([0, 1, 2, 3, 4, 5, 6]);
  expect(new Set(tokens.map(({ total }) => total))).toEqual(new Set([6]));

  const end = new AbortController();
  let count = 0;
  const onToken = (): void => {
    count += 1;
    if (count === 2) end.abort();
  };
  await expect(generate('Call', { signal: end.signal, onToken })).rejects.toMatchObject({ code: 'ABORTED' });
  expect(count).toBe(2);
  const onText = (): never => {
    throw new RangeError('full');
  };
  await expect(generate('Call', { onText })).rejects.toThrow(new RangeError('full'));
});

test('a prompt is cut where the files say', async () => {
  const long = 'the whale '.repeat(60);
  const { tokenizer } = generate.model;
  const ids = tokenizer!.encode(long).ids.slice(0, 64);
  const [{ generated_text: text }] = await generate(long, {
    truncation: true,
    max_new_tokens: 4,
    return_full_text: false,
  });
  const expected = await (generate.model as TextGenerator).generate(ids, { max_new_tokens: 4 });
  expect(text).toBe(expected.text);
});

test.each([
  ['an empty text', [['a', '']], 'input 1 must have at least one token, got ""'],
  ['a number', [5], 'the input must be a text or { text }, got 5'],
  [
    'a prompt without room',
    ['a '.repeat(200)],
    'a prompt and its new tokens must be at most 128 tokens together',
  ],
  ['no tokens', ['a', { max_new_tokens: 0 }], 'max_new_tokens must be a positive integer, got 0'],
  ['windows', ['a', { overlap: 4 }], 'there is no option "overlap"'],
  ['a probability', ['a', { top_p: 0 }], 'top_p must be above 0 and at most 1, got 0'],
])('%s', async (_, args, message) => {
  const call = generate as unknown as (...all: unknown[]) => Promise<unknown>;
  await expect(call(...args)).rejects.toMatchObject({
    code: 'INVALID_ARGUMENT',
    message: expect.stringContaining(message),
  });
});

test('a model of another task', async () => {
  await expect(pipeline('text-generation', goldenFolder('bert_masked_lm'), { attn })).rejects.toMatchObject({
    code: 'UNSUPPORTED',
    message: expect.stringContaining('generates no texts: only a causal language model does'),
  });
});

describeFunctions([], {
  'pipeline of text-generation': {
    call: (...[a, b]) => generate(a, b),
    args: () => [['a'], { ...everyOption(), return_full_text: false, truncation: true }],
    options: [1],
  },
});
