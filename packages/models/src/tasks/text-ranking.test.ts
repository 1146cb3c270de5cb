/** `text-ranking` beside the original cross-encoders, and over long documents. */
import { describeFunctions } from '@attn/conformance/vitest';
import { afterAll, describe, expect, test } from 'vitest';
import { pipeline, type PairScorer } from '../node.ts';
import { goldenFolder } from '../testing/goldens.testing.ts';
import {
  attnOn,
  SCORE_TOLERANCE,
  describeGoldens,
  taskFolders,
  wholeOptions,
} from './golden-tasks.testing.ts';
import { sigmoid } from '../encode/scores.ts';
import type { RankedText, RankingInput, TextRankingOptions } from './text-ranking.ts';

const folders = taskFolders('text-ranking');

describeGoldens('text-ranking', folders, (rank, { cases }) => {
  test.each(cases)('$id', async ({ input, options, expected }) => {
    const all = { ...(options as TextRankingOptions), truncation: true };
    const { query, documents } = input as unknown as RankingInput;
    const answer = await rank(query, documents, all);
    expectRanks(answer, expected as RankedText[]);
    expect(await rank({ query, documents }, all)).toEqual(answer);
  });

  test('many together', async () => {
    const alike = cases.filter(({ options }) => Object.keys(options).length === 0);
    const inputs = alike.map(({ input }) => input as unknown as RankingInput);
    const answers = await rank(inputs, { truncation: true });
    expect(answers).toHaveLength(alike.length);
    for (const [i, { expected }] of alike.entries()) expectRanks(answers[i], expected as RankedText[]);
  });

  test('the same as rank of the model', async () => {
    const { query, documents } = cases[0].input as unknown as RankingInput;
    const ranks = await rank(query, documents, { truncation: true });
    const expected = await (rank.model as PairScorer).rank(query, documents, { onWarning: () => {} });
    expectRanks(
      ranks,
      expected.map(({ index, score }) => ({ corpus_id: index, score })),
    );
  });
});

describe.each(folders)('$name from its logits alone', ({ cases }) => {
  test.each(cases.filter(({ logits }) => logits !== undefined))('$id', ({ logits, activation, expected }) => {
    const flat = (logits as (number | number[])[]).flat();
    const scores = activation === 'sigmoid' ? sigmoid(flat) : flat;
    for (const { corpus_id: id, score } of expected as RankedText[]) expect(scores[id]).toBeCloseTo(score, 6);
  });
});

function expectRanks(got: readonly RankedText[], expected: readonly RankedText[]): void {
  const rest = (ranks: readonly RankedText[]) => ranks.map(({ score: _, ...others }) => others);
  expect(rest(got)).toEqual(rest(expected));
  for (const [i, { score }] of got.entries())
    expect(Math.abs(score - expected[i].score), `score ${i}`).toBeLessThan(SCORE_TOLERANCE);
}

const folder = folders.find(({ name }) => name === 'rank-bert')!;
const attn = await attnOn('cpu');
afterAll(() => attn.dispose());
const rank = await pipeline('text-ranking', folder.path, { attn });

const query = 'Who lost a leg?';
const long =
  'The sea, the sea 🌊, the sea. '.repeat(6) +
  'Ahab lost his leg to the whale. '.repeat(2) +
  'Oil was sold for much money. '.repeat(6);

describe('a document that is longer than the model', () => {
  test('has the score of its best window', async () => {
    const [result] = await rank(query, [long], { maxLength: 32, overlap: 0 });
    const { tokenizer } = rank.model;
    const { ids, sequences, offsets } = tokenizer!.encode(query, { pair: long });
    const places = ids.flatMap((_, i) => (sequences?.[i] === 1 ? [i] : []));
    const head = ids.slice(0, places[0]);
    const room = 32 - head.length - 1;
    const parts = Array.from({ length: Math.ceil(places.length / room) }, (_, i) =>
      places.slice(i * room, (i + 1) * room),
    );
    const scores = await Promise.all(
      parts.map(async (part) => {
        const row = [...head, ...part.map((place) => ids[place]), ids[ids.length - 1]];
        const types = row.map((_, i) => Number(i >= head.length));
        const { logits } = await rank.model.run({ inputIds: [row], tokenTypeIds: [types] });
        return sigmoid([Number(logits.data[0])])[0];
      }),
    );
    const best = scores.indexOf(Math.max(...scores));
    expect(parts.length).toBeGreaterThan(4);
    expect(result.windows).toBe(parts.length);
    expect(result.score).toBeCloseTo(scores[best], 5);
    expect(result.start).toBe(offsets![parts[best][0]]![0]);
    expect(result.end).toBe(offsets![parts[best].at(-1)!]![1]);
  });

  test('its windows overlap, and its place is that of a text of its own', async () => {
    const options = { maxLength: 32, overlap: 6 };
    const [result] = await rank(query, [long], options);
    const passage = long.slice(result.start, result.end);
    const [alone] = await rank(query, [passage]);
    expect(alone.score).toBeCloseTo(result.score, 5);
    const documents = ['a whale', long, '', passage];
    const together = await rank(query, documents, options);
    for (const { corpus_id: id, ...others } of together) {
      const [{ corpus_id: _, score, ...facts }] = await rank(query, [documents[id]], options);
      expect(others).toMatchObject(facts);
      expect(others.score).toBeCloseTo(score, 5);
    }
    expect(together.filter(({ windows }) => windows !== undefined)).toHaveLength(1);
  });

  test('progress, empty lists, an end by the caller', async () => {
    const steps: unknown[] = [];
    const options = { maxLength: 32, onProgress: (step: unknown) => void steps.push(step) };
    const [{ windows }] = await rank(query, [long], options);
    expect(steps.at(-1)).toEqual({ done: windows, total: windows, unit: 'windows' });
    expect(await rank(query, [])).toEqual([]);
    expect(await rank([])).toEqual([]);
    await expect(rank(query, [long], { signal: AbortSignal.abort() })).rejects.toMatchObject({
      code: 'ABORTED',
    });
  });

  test('a query that leaves no room', async () => {
    await expect(rank(query.repeat(9), [long], { maxLength: 32 })).rejects.toMatchObject({
      code: 'INVALID_ARGUMENT',
      message: expect.stringContaining('has no room beside the first text and special tokens of pair 0'),
    });
  });
});

test.each([
  ['no documents', ['a'], 'documents must be a list of texts, got undefined'],
  ['a text as documents', ['a', 'b'], 'documents must be a list of texts, got "b"'],
  ['a number', [5], 'query must be a string, got 5'],
  ['a text among inputs', [['a']], 'input must be { query, documents }, got "a"'],
  ['a strange field', [{ query: 'a', documents: [], text: 'b' }], 'there is no option "text"'],
  [
    'an instruction',
    ['a', ['b'], { instruction: 'Find it' }],
    'instruction is for models that are asked in words, such as Qwen3-Reranker, and BertForSequenceClassification is none, got "Find it"',
  ],
])('%s', async (_, args, message) => {
  const call = rank as unknown as (...all: unknown[]) => Promise<unknown>;
  await expect(call(...args)).rejects.toMatchObject({
    code: 'INVALID_ARGUMENT',
    message: expect.stringContaining(message),
  });
});

test('models of several labels and of other tasks', async () => {
  const [{ path }] = taskFolders('text-classification');
  const classifier = await pipeline('text-ranking', path, { attn });
  await expect(classifier('a', ['b'])).rejects.toMatchObject({
    code: 'UNSUPPORTED',
    message: expect.stringContaining('ranking needs a model of one label, got'),
  });
  await expect(pipeline('text-ranking', goldenFolder('bert_masked_lm'), { attn })).rejects.toMatchObject({
    code: 'UNSUPPORTED',
    message: expect.stringContaining('text-ranking needs a model for sequence classification, got'),
  });
});

describeFunctions([], {
  'pipeline of text-ranking': {
    call: (...[a, b, c]) => rank(a as string, b as string[], c),
    args: () => [
      'a leg',
      ['a whale', 'a sea'],
      { ...wholeOptions(), maxLength: 24, truncation: false, overlap: 1, top_k: 1, return_documents: true },
    ],
    options: [2],
  },
});
