/** `fill-mask` beside the original pipeline, and over long texts. */
import { describeFunctions } from '@attn/conformance/vitest';
import type { Attn, Tensor } from '@attn/core';
import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest';
import { runnableOf } from '../loaded-model.ts';
import { pipeline } from '../node.ts';
import type { FilledMask, FilledMasks, FillMaskOptions } from './fill-mask.ts';
import {
  attnOn,
  SCORE_TOLERANCE,
  describeGoldens,
  taskFolders,
  wholeOptions,
} from './golden-tasks.testing.ts';
import type { Pipeline } from './pipeline.ts';
import { largest, softmax } from '../encode/scores.ts';

const folders = taskFolders('fill-mask');

describeGoldens('fill-mask', folders, (fill, { cases }) => {
  test.each(cases)('$id', async ({ input, options, expected }) => {
    const text = input as { text: string };
    const answer = await fill(text, { ...(options as FillMaskOptions), truncation: true });
    expectMasks(answer, expected as FilledMasks);
  });

  test('many together', async () => {
    const alike = cases.filter(({ options }) => Object.keys(options).length === 0);
    const answers = await fill(
      alike.map(({ input }) => String(input.text)),
      { truncation: true },
    );
    expect(answers).toHaveLength(alike.length);
    for (const [i, { expected }] of alike.entries()) expectMasks(answers[i], expected as FilledMasks);
  });
});

describe.each(folders)('$name from its logits alone', ({ cases }) => {
  test.each(cases.filter(({ logits }) => logits !== undefined))('$id', ({ logits, options, expected }) => {
    // Targets have tests of their own: here are the likeliest of all tokens.
    const rows = logits as number[][];
    const answers = listsOf(expected as FilledMasks);
    expect(answers).toHaveLength(rows.length);
    for (const [i, row] of rows.entries()) {
      const scores = softmax(row);
      for (const { token, score } of answers[i]) expect(scores[token]).toBeCloseTo(score, 6);
      const { targets, top_k: topK = 5 } = options as FillMaskOptions;
      if (targets === undefined) expect(largest(scores, topK)).toEqual(answers[i].map(({ token }) => token));
    }
  });
});

/** The tokens for each mask. */
function listsOf(answer: FilledMasks): readonly (readonly FilledMask[])[] {
  return (Array.isArray(answer[0]) ? answer : [answer]) as FilledMask[][];
}

function expectMasks(got: FilledMasks, expected: FilledMasks): void {
  const rest = (masks: FilledMasks) =>
    listsOf(masks).map((list) => list.map(({ score: _, ...words }) => words));
  expect(rest(got)).toEqual(rest(expected));
  expect(Array.isArray(got[0])).toBe(Array.isArray(expected[0]));
  for (const [i, list] of listsOf(got).entries())
    for (const [j, { score }] of list.entries())
      expect(Math.abs(score - listsOf(expected)[i][j].score), `score ${j}`).toBeLessThan(SCORE_TOLERANCE);
}

const folder = folders.find(({ name }) => name === 'mlm-bert')!;

describe('a text that is longer than a window', () => {
  let attn: Attn;
  let fill: Pipeline<'fill-mask'>;
  beforeAll(async () => {
    attn = await attnOn('cpu');
    fill = await pipeline('fill-mask', folder.path, { attn });
  });
  afterAll(() => attn.dispose());

  const sentence = 'Captain Ahab nailed a doubloon to the mast of the Pequod. ';
  const text = `${sentence.repeat(3)}The white [MASK] swims. ${sentence.repeat(5)}The [MASK] is deep.`;

  test('each mask is read where it stands deepest', async () => {
    const options = { maxLength: 32, overlap: 10, top_k: 3 };
    const { model, graphs } = runnableOf(fill.model);
    const call = vi.spyOn(model, 'call');
    const answers = listsOf(await fill(text, options));
    const rowsRun = call.mock.calls.flatMap(([{ attentionMask }]) => {
      const { shape, data } = attentionMask as Tensor;
      return Array.from({ length: shape[0] }, (_, row) => Number(data[row * shape[1]]));
    });
    call.mockRestore();
    expect(rowsRun.reduce((sum, value) => sum + value, 0)).toBe(2); // only the windows that hold a mask

    const { tokenizer } = fill.model;
    const { ids } = tokenizer!.encode(text);
    const [cls, sep, mask] = [ids[0], ids[ids.length - 1], 4];
    const content = ids.slice(1, -1);
    const windows = [];
    for (let start = 0; ; start += 20) {
      windows.push({ start, end: Math.min(start + 30, content.length) });
      if (start + 30 >= content.length) break;
    }
    expect(tokenizer!.idToToken!(mask)).toBe('[MASK]');
    const places = content.flatMap((id, i) => (id === mask ? [i] : []));
    expect(places).toHaveLength(2);
    for (const [k, place] of places.entries()) {
      // An edge of the text is no edge: nothing is missing there.
      const depth = ({ start, end }: { start: number; end: number }): number =>
        Math.min(start === 0 ? Infinity : place - start, end === content.length ? Infinity : end - 1 - place);
      const deepest = windows
        .filter(({ start, end }) => start <= place && place < end)
        .toSorted((a, b) => depth(b) - depth(a))[0];
      const row = [cls, ...content.slice(deepest.start, deepest.end), sep];
      const { graph, inputs } = model.call({ inputIds: [row] });
      const { outputs } = await graphs.run(graph, inputs, { backend: 'cpu' });
      const { data, shape } = outputs.logits;
      const at = 1 + place - deepest.start;
      const scores = softmax(data.subarray(at * shape[2], (at + 1) * shape[2]) as Float32Array);
      expect(answers[k].map(({ token }) => token)).toEqual(largest(scores, 3));
      for (const { token, score } of answers[k]) expect(score).toBeCloseTo(scores[token], 5);
    }
  });

  test('the sequence is the whole text', async () => {
    const long = `${sentence.repeat(5)}The white [MASK] swims. ${sentence.repeat(5)}😀`;
    const answer = (await fill(long, { maxLength: 32, top_k: 1, targets: 'whale' })) as FilledMask[];
    const plain = fill.model.tokenizer!.decode(
      fill.model.tokenizer!.encode(long.replace('[MASK]', 'whale')).ids,
    );
    expect(answer).toHaveLength(1);
    expect(answer[0].sequence).toBe(plain);
  });

  test('cut, a mask beyond the limit is missing', async () => {
    await expect(fill(sentence.repeat(8) + '[MASK]', { truncation: true })).rejects.toMatchObject({
      code: 'INVALID_ARGUMENT',
      message: expect.stringContaining('the input must have the token [MASK] in its first 64 tokens, got "'),
    });
  });

  test('progress, an empty list, an end by the caller', async () => {
    const steps: unknown[] = [];
    await fill(text, { maxLength: 32, overlap: 10, onProgress: (step) => void steps.push(step) });
    expect(steps.at(-1)).toEqual({ done: 2, total: 2, unit: 'windows' });
    expect(await fill([])).toEqual([]);
    await expect(fill(text, { signal: AbortSignal.abort() })).rejects.toMatchObject({ code: 'ABORTED' });
    const end = new AbortController();
    const late = fill(text, { signal: end.signal, maxLength: 32, onProgress: () => end.abort() });
    await expect(late).rejects.toMatchObject({ code: 'ABORTED' });
  });

  test.each([
    ['no mask', ['a whale', {}], 'the input must have the token [MASK], got "a whale"'],
    ['a number', [5, {}], 'the input must be a text or { text }, got 5'],
    ['no text', [{}, {}], 'text must be a string, got undefined'],
    ['a strange field', [{ text: 'a', text_pair: 'b' }, {}], 'there is no option "text_pair"'],
    ['no tokens', ['[MASK]', { top_k: 0 }], 'top_k must be a positive integer, got 0'],
    ['no targets', ['[MASK]', { targets: [] }], 'targets must have at least one text, got []'],
    ['an empty target', ['[MASK]', { targets: [''] }], 'each target must have at least one token, got ""'],
    ['a target of no text', ['[MASK]', { targets: 3 }], 'targets must be a string or a list of texts, got 3'],
  ])('%s', async (_, [input, options], message) => {
    await expect(fill(input as never, options as never)).rejects.toMatchObject({
      code: 'INVALID_ARGUMENT',
      message: expect.stringContaining(message),
    });
  });
});

test('a model of another task, a tokenizer without masks', async () => {
  const attn = await attnOn('cpu');
  const [classifier] = taskFolders('text-classification');
  await expect(pipeline('fill-mask', classifier.path, { attn })).rejects.toMatchObject({
    code: 'UNSUPPORTED',
    message: expect.stringContaining('fill-mask needs a masked language model, got'),
  });
  const bare = `${import.meta.dirname}/../../goldens/bert_masked_lm`;
  await expect(pipeline('fill-mask', bare, { attn })).rejects.toMatchObject({
    code: 'MISSING_INPUT',
    message: expect.stringContaining('fill-mask needs a tokenizer, and this checkpoint has no files of one'),
  });
  await attn.dispose();
});

const attn = await attnOn('cpu');
afterAll(() => attn.dispose());
const fill = await pipeline('fill-mask', folder.path, { attn });

describeFunctions([], {
  'pipeline of fill-mask': {
    call: (...[a, b]) => fill(a, b),
    args: () => [
      ['a [MASK]', { text: '[MASK]' }],
      { ...wholeOptions(), maxLength: 24, truncation: false, overlap: 1, top_k: 1, targets: ['sea', 'ship'] },
    ],
    options: [1],
  },
});
