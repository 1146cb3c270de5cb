// Ways of pooling, chunks of texts, and texts that are cut.
import { describe, expect, test, vi } from 'vitest';
import type { Encoder } from '../loaded/encoder.ts';
import { alone, close, idsOf, loaded, mean, rowsOf, useLongformer } from '../testing/encoding.testing.ts';

useLongformer();

const TEXTS = ['a', 'the whale', 'call me ishmael. some years ago', 'never mind how long precisely', ''];

describe('ways of pooling', () => {
  test('in one vector, one behind the other', async () => {
    const [text] = ['never mind how long precisely'];
    const states = await alone(idsOf(text));
    const max = states[0].map((_, j) => Math.max(...states.map((row) => row[j])));
    const sqrt = mean(states).map((value) => value * Math.sqrt(states.length));
    const { embeddings } = await loaded.encode(text, {
      pooling: ['lasttoken', 'max', 'mean_sqrt_len_tokens', 'cls'],
    });
    expect(embeddings.shape).toEqual([1, 4 * 64]);
    close(Array.from(embeddings.data), [...(states.at(-1) ?? []), ...max, ...sqrt, ...states[0]]);
  });
  test('in windows: each token counts once, at its place in the text', async () => {
    const text = Array.from({ length: 150 }, (_, i) => 'abcdefghij klmnop'[i % 17]).join('');
    const options = { maxLength: 42, overlap: 8, onWarning: () => {} };
    const { states } = await loaded.encode(text, { ...options, pooling: 'none' });
    const rows = rowsOf(states[0], 152);
    const sum = rows.reduce((total, _, i) => total + i + 1, 0);
    const weighted = rows[0].map((_, j) => rows.reduce((total, row, i) => total + (i + 1) * row[j], 0) / sum);
    const { embeddings } = await loaded.encode(text, { ...options, pooling: ['weightedmean', 'lasttoken'] });
    close(Array.from(embeddings.data), [...weighted, ...rows[151]]);
  });
  test('with a prompt, which is a part of the text', async () => {
    const { embeddings } = await loaded.encode('the whale', { prompt: 'call me ' });
    close(Array.from(embeddings.data), mean(await alone(idsOf('call me the whale'))));
  });
  test('with fewer dimensions, before the length becomes 1', async () => {
    const { embeddings: whole } = await loaded.encode(TEXTS);
    const { embeddings } = await loaded.encode(TEXTS, { dimensions: 7, normalize: true });
    for (const [i, row] of rowsOf(embeddings, 5).entries()) {
      const part = rowsOf(whole, 5)[i].slice(0, 7);
      close(
        row,
        part.map((value) => value / Math.hypot(...part)),
      );
    }
  });
});

describe('chunks', () => {
  const text = 'call me ishmael. some years ago. never mind how long.';
  const chunkMeans = async (spans: readonly (readonly [number, number])[]): Promise<number[][]> => {
    const states = await alone(idsOf(text));
    return spans.map(([start, end]) => mean(states.slice(1 + start, 1 + end)));
  };
  test('of given places are the means of their tokens in the whole text', async () => {
    const spans = [
      [0, 16],
      [10, 31],
      [52, 53],
    ] as const;
    const { embeddings, chunks } = await loaded.encode(text, { chunks: spans });
    expect(chunks).toEqual(spans.map(([start, end]) => ({ text: 0, start, end })));
    const expected = await chunkMeans(spans);
    for (const [i, row] of rowsOf(embeddings, 3).entries()) close(row, expected[i]);
  });
  test('of so many tokens, and of several texts', async () => {
    const { embeddings, chunks } = await loaded.encode(['ab', text], { chunks: 20 });
    expect(chunks).toEqual([
      { text: 0, start: 0, end: 2 },
      { text: 1, start: 0, end: 20 },
      { text: 1, start: 20, end: 40 },
      { text: 1, start: 40, end: 53 },
    ]);
    close(rowsOf(embeddings, 4)[2], (await chunkMeans([[20, 40]]))[0]);
    const lists = [[[0, 1]], [[20, 40]]] as const;
    const result = await loaded.encode(['ab', text], { chunks: lists });
    close(rowsOf(result.embeddings, 2)[1], (await chunkMeans([[20, 40]]))[0]);
  });
  test('that are sentences', async () => {
    const { chunks } = await loaded.encode('Call me. Some years ago', { chunks: 'sentences', prompt: 'a. ' });
    expect(chunks).toEqual([
      { text: 0, start: 0, end: 8 },
      { text: 0, start: 9, end: 23 },
    ]);
  });
  test('of a text in windows have the states of the windows', async () => {
    const long = Array.from({ length: 150 }, (_, i) => 'abcdefghij klmnop'[i % 17]).join('');
    const options = { maxLength: 42, overlap: 8, onWarning: () => {} };
    const { states } = await loaded.encode(long, { ...options, pooling: 'none' });
    const rows = rowsOf(states[0], 152).slice(1, 151);
    const { embeddings, chunks } = await loaded.encode(long, { ...options, chunks: 25 });
    expect(chunks).toHaveLength(6);
    for (const [i, row] of rowsOf(embeddings, 6).entries()) close(row, mean(rows.slice(i * 25, i * 25 + 25)));
  });
  test.each([
    [[[0, 200]], 'places [start, end] in text 0, which has 53 UTF-16 units, got [0, 200] at [0]'],
    [[[3, 3]], 'got [3, 3] at [0]'],
    [[[[0, 1]], [[0, 1]]], 'a list of places for each of 1 texts'],
    [0, 'chunks must be "sentences", a positive number of tokens, or a list of places [start, end], got 0'],
    ['words', 'got "words"'],
  ])('are refused: %j', async (chunks, message) => {
    await expect(loaded.encode(text, { chunks: chunks as never })).rejects.toThrow(message);
  });
});

describe('texts that are cut', () => {
  test('lose tokens at their ends, with a warning', async () => {
    const onWarning = vi.fn();
    const { embeddings, tokens } = await loaded.encode(['a', 'call me ishmael'], {
      maxLength: 9,
      onLongText: 'cut',
      onWarning,
    });
    expect(tokens).toEqual([3, 9]);
    expect(onWarning).toHaveBeenCalledWith(
      '[attn/models] encode: text 1 has 17 tokens, and 9 are the most: what is beyond is left out',
    );
    close(rowsOf(embeddings, 2)[1], mean(await alone(idsOf('call me'))));
  });
});

test.each<[string, Parameters<Encoder['encode']>, object]>([
  [
    'no pooling at all',
    ['a', { pooling: [] }],
    { message: expect.stringContaining('or a list of ways other than "none", got []') },
  ],
  [
    'vectors of states',
    ['a', { pooling: 'none', dimensions: 3 } as object],
    {
      message:
        "[attn/models] encode: pooling 'none' keeps the states of tokens, so dimensions must be absent, got 3",
    },
  ],
  [
    'more dimensions than there are',
    ['a', { dimensions: 65 }],
    { message: '[attn/models] encode: dimensions must be an integer from 1 to 64, got 65' },
  ],
  [
    'bytes of one vector',
    ['a', { quantize: 'int8' }],
    { message: expect.stringContaining('need at least two vectors, or the option ranges, got 1') },
  ],
  [
    'a prompt by name, where there is none',
    ['a', { promptName: 'query' }],
    { message: '[attn/models] encode: the model has no prompts, got promptName "query"' },
  ],
  [
    'a prompt before ids',
    [[[0, 5, 2]], { prompt: 'call' }],
    { message: '[attn/models] encode: a prompt is for texts, got ids as input 0' },
  ],
  [
    'chunks of ids',
    [[[0, 5, 2]], { chunks: 2 }],
    { message: expect.stringContaining('chunks are for single texts whose tokenizer says') },
  ],
  [
    'chunks by their first tokens',
    ['a', { chunks: 2, pooling: 'cls' }],
    { message: expect.stringContaining("pass pooling: 'mean'") },
  ],
])('refuses %s', async (_title, [input, options], error) => {
  await expect(loaded.encode(input, options)).rejects.toMatchObject(error);
});
