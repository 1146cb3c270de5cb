// Streams of texts: each result is that of the text alone, whatever runs together, and little is read ahead.
import { setTimeout as sleep } from 'node:timers/promises';
import type { AttnError } from '@attn/core';
import { expect, test, vi } from 'vitest';
import { close, loaded, useLongformer } from '../testing/encoding.testing.ts';
import type { EncodeManyProgress, ManyInput, TextKey } from './many-options.ts';

useLongformer();

const WORDS = ['whale', 'a', 'ishmael', 'never mind', 'the sea and the ship'];
const textOf = (i: number): string =>
  Array.from({ length: 1 + ((i * 7) % 9) }, (_, k) => WORDS[(i + k) % 5]).join(' ');

/** So many texts, and how many of them were used. */
function counted(count: number) {
  const state = { used: 0, isClosed: false };
  function* texts(): Generator<ManyInput> {
    try {
      for (let i = 0; i < count; i++) {
        state.used += 1;
        yield { key: `text ${i}`, text: textOf(i) };
      }
    } finally {
      state.isClosed = true;
    }
  }
  return { texts: texts(), state };
}

async function collect<R>(results: AsyncIterable<R>): Promise<R[]> {
  const all: R[] = [];
  for await (const result of results) all.push(result);
  return all;
}

test('each text has the vector that it has alone, by its key, and batches are of one length', async () => {
  const { texts } = counted(40);
  const runs = vi.spyOn(loaded.network, 'call');
  const results = await collect(
    loaded.encodeMany(texts, { lookAhead: 30, batchTokens: 256, normalize: true }),
  );
  const shapes = runs.mock.calls.flatMap(([batch]) => ('inputIds' in batch ? [batch.inputIds] : []));
  runs.mockRestore();
  expect(results.map(({ key }) => key).toSorted()).toEqual(
    Array.from({ length: 40 }, (_, i) => `text ${i}`).toSorted(),
  );
  // Where all ran in their order, in rows as long as the longest, there would be more padding.
  expect(shapes.length).toBeLessThan(20);
  for (const { key, embeddings, tokens, backends } of results.filter((_, i) => i % 7 === 0)) {
    const alone = await loaded.encode(textOf(Number(String(key).slice(5))), { normalize: true });
    expect(embeddings.shape).toEqual([1, 64]);
    expect({ tokens, backends }).toEqual({ tokens: alone.tokens, backends: ['cpu'] });
    close(Array.from(embeddings.data), Array.from(alone.embeddings.data));
  }
});

test('no more is taken than the window holds, and the source is closed with the results', async () => {
  const { texts, state } = counted(1_000);
  const results = loaded.encodeMany(texts, { lookAhead: 24, batchTokens: 128 });
  let received = 0;
  for await (const { key } of results) {
    expect(key).toMatch(/^text/);
    received += 1;
    expect(state.used - received).toBeLessThanOrEqual(24);
    if (received === 30) break;
  }
  expect(state).toEqual({ used: expect.any(Number), isClosed: true });
});

test('chunks, pairs, ids, states and bits, each with its own', async () => {
  const text = 'call me ishmael. some years ago.';
  const inputs = ['the whale.', { key: 7, text }];
  const chunks = await collect(loaded.encodeMany(inputs, { chunks: 'sentences' }));
  const alone = await loaded.encode(text, { chunks: 'sentences' });
  const own = chunks.find(({ key }) => key === 7);
  expect(own?.chunks).toEqual(alone.chunks);
  close(Array.from(own?.embeddings.data ?? []), Array.from(alone.embeddings.data));
  expect(chunks.find(({ key }) => key === 0)?.chunks).toHaveLength(1);

  const states = await collect(loaded.encodeMany([[0, 5, 6, 2], 'abc'], { pooling: 'none' }));
  expect(states.map(({ states: [{ shape }] }) => shape[0]).toSorted()).toEqual([4, 5]);
  const bits = await collect(loaded.encodeMany(['a', 'bc'], { quantize: 'binary' }));
  expect(bits.map(({ quantized }) => quantized?.shape)).toEqual([
    [1, 8],
    [1, 8],
  ]);
});

test('texts that are done are skipped, wrong ones are reported, and progress adds up', async () => {
  const errors: [TextKey, string][] = [];
  const reports: EncodeManyProgress[] = [];
  const long = 'a'.repeat(700);
  const inputs = ['a', 5 as never, { key: 'done', text: 'b' }, { key: 'long', text: long }, 'c'];
  const results = await collect(
    loaded.encodeMany(inputs, {
      done: async (key) => key === 'done',
      onError: ({ sentence }: AttnError, key) => errors.push([key, sentence]),
      onProgress: (progress) => reports.push(progress),
      onLongText: 'throw',
      total: 5,
    }),
  );
  expect(results.map(({ key }) => key).toSorted()).toEqual([0, 4]);
  expect(errors).toEqual([
    [
      1,
      expect.stringContaining(
        'inputs must be a text, a pair { text, pair }, a list of ids, or a list of these, got 5',
      ),
    ],
    ['long', expect.stringContaining('are the most')],
  ]);
  expect(reports.at(-1)).toMatchObject({
    done: 2,
    skipped: 1,
    failed: 2,
    tokens: 6,
    total: 5,
    secondsLeft: 0,
  });
  expect(reports.at(-1)?.textsPerSecond).toBeGreaterThan(0);
});

test('without onError the first wrong text ends the stream, with its key', async () => {
  const results = loaded.encodeMany([{ key: 'x', text: 5 as never }]);
  await expect(collect(results)).rejects.toMatchObject({
    code: 'INVALID_ARGUMENT',
    message: expect.stringContaining('[attn/models] encodeMany: the text "x": text'),
  });
  await expect(collect(loaded.encodeMany([{ key: {} as never, text: 'a' }]))).rejects.toThrow(
    'the key of input 0',
  );
});

test('a source that waits for results gets them; one that fails ends the stream after them', async () => {
  const answered: TextKey[] = [];
  async function* asking(): AsyncGenerator<ManyInput> {
    for (const key of ['a', 'b']) {
      yield { key, text: key };
      while (!answered.includes(key)) await sleep(1);
    }
    throw new Error('the line is cut');
  }
  const all = (async () => {
    for await (const { key } of loaded.encodeMany(asking())) answered.push(key);
  })();
  await expect(all).rejects.toThrow('the line is cut');
  expect(answered).toEqual(['a', 'b']);
});

test('an abort ends a stream that waits for its source, an error of a callback every stream', async () => {
  const controller = new AbortController();
  async function* silent(): AsyncGenerator<ManyInput> {
    controller.abort();
    await new Promise(() => {});
    yield 'a';
  }
  const stopped = loaded.encodeMany(silent(), { signal: controller.signal });
  await expect(collect(stopped)).rejects.toMatchObject({ code: 'ABORTED' });
  const oops = new Error('oops');
  const onProgress = (): never => {
    throw oops;
  };
  await expect(collect(loaded.encodeMany(['a'], { onProgress }))).rejects.toBe(oops);
});

test.each([
  [{ chunks: [[0, 3]] as never }, 'chunks must be "sentences" or a number of tokens'],
  [{ quantize: 'int8' as const }, 'needs ranges that are the same for all texts'],
  [{ lookAhead: 0 }, 'lookAhead must be a positive integer, got 0'],
  [{ lookahead: 1 } as never, 'lookAhead'],
])('%o is refused', async (options: object, message) => {
  await expect(collect(loaded.encodeMany(['a'], options))).rejects.toThrow(message);
});

test('the first text that is too long is a warning with its key', async () => {
  const warnings: string[] = [];
  const long = 'whale '.repeat(20);
  const inputs = ['a', { key: 'x', text: long }, { key: 'y', text: long }];
  const onWarning = (message: string): void => void warnings.push(message);
  const results = await collect(loaded.encodeMany(inputs, { maxLength: 32, onLongText: 'cut', onWarning }));
  expect(results.map(({ key, tokens }) => [key, tokens[0]])).toContainEqual(['y', 32]);
  expect(warnings).toEqual([expect.stringMatching(/the text "x" has 122 tokens, and 32 are the most/)]);
});

test('no text', async () => {
  expect(await collect(loaded.encodeMany([]))).toEqual([]);
});
