/** `sentence-similarity` beside the matrices of the original. */
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Attn } from '@attn/core';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { Encoder, pipeline } from '../node.ts';
import { attnOn, SCORE_TOLERANCE, TASK_BACKENDS, taskFolders } from './golden-tasks.testing.ts';
import type { Pipeline } from './pipeline.ts';
import type { SimilarityPair } from './sentence-similarity.ts';

const folders = taskFolders('feature-extraction').filter(({ path }) =>
  existsSync(join(path, 'similarity.json')),
);

describe.each(TASK_BACKENDS)('on %s', (backend) => {
  let attn: Attn;
  beforeAll(async () => {
    attn = await attnOn(backend);
  });
  afterAll(() => attn.dispose());

  describe.each(folders)('$name', ({ path, cases }) => {
    const file = readFileSync(join(path, 'similarity.json'), 'utf8');
    const { matrix } = JSON.parse(file) as { readonly matrix: readonly (readonly number[])[] };
    const sentences = cases.map(({ input }) => input.text as string);
    let similar: Pipeline<'sentence-similarity'>;
    beforeAll(async () => {
      similar = await pipeline('sentence-similarity', path, { attn });
    });
    afterAll(() => similar.dispose());

    test('one text with all others', async () => {
      const scores = await similar({ source_sentence: sentences[3], sentences }, { truncation: true });
      expectScores(scores, matrix[3]);
    });

    test('all with all', async () => {
      const inputs = sentences.map((source) => ({ source_sentence: source, sentences }));
      const rows = await similar(inputs, { truncation: true });
      expectScores(rows.flat(), matrix.flat());
    });

    test('pairs', async () => {
      const pairs = sentences.slice(1).map((text, i): SimilarityPair => ({ text, text_pair: sentences[i] }));
      const scores = await similar(pairs, { truncation: true });
      expectScores(
        scores,
        pairs.map((_, i) => matrix[i + 1][i]),
      );
      expect(await similar(pairs[0], { truncation: true })).toBeCloseTo(scores[0], 6);
    });
  });
});

function expectScores(got: readonly number[], expected: readonly number[]): void {
  expect(got).toHaveLength(expected.length);
  for (const [i, score] of got.entries())
    expect(Math.abs(score - expected[i]), `score ${i}`).toBeLessThan(SCORE_TOLERANCE);
}

describe('beyond the original', () => {
  const folder = folders.find(({ name }) => name === 'st-mean')!;
  const long = 'Captain Ahab nailed a doubloon to the mast of the Pequod. '.repeat(4);
  let attn: Attn;
  let similar: Pipeline<'sentence-similarity'>;
  beforeAll(async () => {
    attn = await attnOn('cpu');
    similar = await pipeline('sentence-similarity', folder.path, { attn });
  });
  afterAll(() => attn.dispose());

  test('options of vectors, the measure of the model, and long texts as a whole', async () => {
    const pair = { text: long, text_pair: 'The whale dived.' };
    const options = { pooling: 'max', dimensions: 8, prompt: 'query: ' } as const;
    const { embeddings } = await (similar.model as Encoder).encode([pair.text, pair.text_pair], {
      ...options,
      onLongText: 'split',
      onWarning: () => {},
    });
    const expected = (similar.model as Encoder).similarity(embeddings, embeddings).data[1];
    expect(await similar(pair, options)).toBeCloseTo(expected, 6);
    const warnings: string[] = [];
    await similar(pair, { onWarning: (message) => warnings.push(message) });
    expect(warnings).toEqual([expect.stringContaining('cut into windows')]);
    expect(await similar(pair)).not.toBeCloseTo(await similar(pair, { truncation: true }), 4);
  });

  test('another measure', async () => {
    const { network, tokenizer, settings } = similar.model;
    const sentence = { ...settings.sentence!, similarity: 'euclidean' } as const;
    const model = new Encoder(network, tokenizer, attn, undefined, { ...settings, sentence });
    const distance = await pipeline('sentence-similarity', model);
    const [same, other] = await distance({ source_sentence: 'a', sentences: ['a', 'whale'] });
    expect(same).toBe(-0);
    expect(other).toBeLessThan(0);
  });

  test('nothing to compare, a stream, abort', async () => {
    expect(await similar({ source_sentence: 'a', sentences: [] })).toEqual([]);
    expect(await similar([])).toEqual([]);
    const inputs = [
      { source_sentence: 'a whale', sentences: ['a boat', ''] },
      { text: 'a whale', text_pair: 'a boat' },
    ];
    const streamed: unknown[] = [];
    for await (const scores of similar.stream(inputs)) streamed.push(scores);
    expect(streamed).toEqual([[expect.any(Number), expect.any(Number)], expect.any(Number)]);
    expect((streamed[0] as number[])[0]).toBeCloseTo(streamed[1] as number, 6);
    const signal = AbortSignal.abort();
    await expect(similar(inputs[1] as SimilarityPair, { signal })).rejects.toMatchObject({ code: 'ABORTED' });
  });

  test.each<[string, unknown, object, string]>([
    ['a text', 'a', {}, 'the input must be { source_sentence, sentences } or { text, text_pair }, got "a"'],
    ['half a pair', { text: 'a' }, {}, 'text_pair of the input must be a string, got undefined'],
    ['no list', { source_sentence: 'a', sentences: 'b' }, {}, 'sentences must be a list of texts, got "b"'],
    [
      'no source',
      [{ sentences: [] }, { sentences: ['b'] }],
      {},
      'source_sentence of input 0 must be a string, got undefined',
    ],
    ['states', { text: 'a', text_pair: 'b' }, { pooling: 'none' }, 'pooling must be "cls"'],
  ])('%s is refused', async (_, input, options, message) => {
    await expect(similar(input as SimilarityPair, options)).rejects.toMatchObject({
      code: 'INVALID_ARGUMENT',
      message: expect.stringContaining(message),
    });
  });
});
