/** `feature-extraction` beside the original pipelines, and over long texts. */
import { f32, type Attn } from '@attn/core';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { Encoder, pipeline, quantizeEmbeddings, rangesOf, textVectors } from '../node.ts';
import type { FeatureExtractionOptions } from './feature-extraction.ts';
import type { Features } from './features.ts';
import { attnOn, SCORE_TOLERANCE, TASK_BACKENDS, taskFolders } from './golden-tasks.testing.ts';
import type { Pipeline } from './pipeline.ts';

const folders = taskFolders('feature-extraction');

interface Expected {
  readonly dims: readonly number[];
  readonly data: readonly number[];
}

describe.each(TASK_BACKENDS)('on %s', (backend) => {
  let attn: Attn;
  beforeAll(async () => {
    attn = await attnOn(backend);
  });
  afterAll(() => attn.dispose());

  describe.each(folders)('$name', ({ name, path, cases }) => {
    let extract: Pipeline<'feature-extraction'>;
    beforeAll(async () => {
      extract = await pipeline('embeddings', path, { attn });
    });
    afterAll(() => extract.dispose());

    test.each(cases)('$id', async ({ input, options, expected }) => {
      const features = await extract(input.text as string, {
        ...(options as FeatureExtractionOptions),
        truncation: true,
      });
      expectFeatures(features, expected as Expected);
    });

    test('many together', async () => {
      // In a folder of sentence-transformers, its modules need no options.
      const isFolder = name.startsWith('st-');
      const alike = isFolder ? cases : cases.filter(({ options }) => Object.keys(options).length === 0);
      const features = await extract(
        alike.map(({ input }) => input.text as string),
        { truncation: true },
      );
      expect(features.dims).toHaveLength(isFolder ? 2 : 3);
      const stride = features.dims.slice(1).reduce((a, b) => a * b);
      for (const [i, { expected }] of alike.entries()) {
        const { dims, data } = expected as Expected;
        const row = features.data.slice(i * stride, (i + 1) * stride);
        expectNear(row.slice(0, data.length), data);
        expect(row.slice(data.length).every((value) => value === 0)).toBe(true);
        if (!isFolder) expect(features.tokens[i]).toBe(dims[1]);
      }
    });
  });
});

function expectFeatures({ dims, data, type }: Features, expected: Expected): void {
  expect(type).toBe('float32');
  expect(dims).toEqual(expected.dims);
  expectNear(data, expected.data);
}

function expectNear(got: ArrayLike<number>, expected: ArrayLike<number>): void {
  expect(got).toHaveLength(expected.length);
  let worst = 0;
  for (let i = 0; i < got.length; i++) worst = Math.max(worst, Math.abs(got[i] - expected[i]));
  expect(worst).toBeLessThan(SCORE_TOLERANCE);
}

describe('beyond the original', () => {
  const plain = folders.find(({ name }) => name === 'features-bert')!;
  const folder = folders.find(({ name }) => name === 'st-mean')!;
  const texts = ['The whale dived under the boat. 🐳', 'Call me Ishmael.'];
  let attn: Attn;
  let extract: Pipeline<'feature-extraction'>;
  let embed: Pipeline<'feature-extraction'>;
  beforeAll(async () => {
    attn = await attnOn('cpu');
    extract = await pipeline('feature-extraction', plain.path, { attn });
    embed = await pipeline('feature-extraction', folder.path, { attn });
  });
  afterAll(() => attn.dispose());

  test('states are rows padded with zeros, which tolist() and JSON give as lists', async () => {
    const features = await extract(texts);
    const [longer, shorter] = await Promise.all(texts.map((text) => extract(text)));
    expect(features.dims).toEqual([2, longer.dims[1], 32]);
    expect(features.tokens).toEqual([longer.dims[1], shorter.dims[1]]);
    const list = features.tolist<number[][][]>();
    expect(list[0]).toEqual(longer.tolist()[0]);
    expect(list[1].slice(0, shorter.dims[1])).toEqual(shorter.tolist()[0]);
    expect(list[1].slice(shorter.dims[1]).flat()).toEqual(
      new Array<number>((longer.dims[1] - shorter.dims[1]) * 32).fill(0),
    );
    expect(JSON.parse(JSON.stringify(shorter))).toEqual({
      type: 'float32',
      dims: shorter.dims,
      data: Array.from(shorter.data),
      tokens: shorter.tokens,
    });
  });

  test('names of pooling: the first token, the last one, several ways', async () => {
    const states = (await extract(texts[0])).tolist<number[][][]>()[0];
    const at = async (pooling: FeatureExtractionOptions['pooling']): Promise<number[]> =>
      (await extract(texts, { pooling })).tolist()[0];
    expect(await at('first_token')).toEqual(states[0]);
    expect(await at('cls')).toEqual(states[0]);
    expect(await at('last_token')).toEqual(states[states.length - 1]);
    expect(await at('eos')).toEqual(states[states.length - 1]);
    const most = states[0].map((_, i) => Math.max(...states.map((state) => state[i])));
    expect(await at(['max', 'cls'])).toEqual([...most, ...states[0]]);
  });

  test('a long text is pooled over the tokens of all its windows, and cut only if that is said', async () => {
    const text = 'Captain Ahab nailed a doubloon to the mast of the Pequod. '.repeat(4);
    const { ids } = extract.model.tokenizer!.encode(text);
    const room = 30; // of 32, beside two special tokens
    const content = ids.slice(1, -1);
    const windows = Array.from({ length: Math.ceil(content.length / room) }, (_, i) => [
      ids[0],
      ...content.slice(i * room, (i + 1) * room),
      ids[ids.length - 1],
    ]);
    expect(windows.length).toBeGreaterThan(2);
    const runs = await Promise.all(windows.map((window) => extract.model.run({ inputIds: [window] })));
    const rows = runs.map(({ last_hidden_state: { data } }, i) =>
      windows[i].map((_, token) => Array.from(data.slice(token * 32, (token + 1) * 32), Number)),
    );
    // Special tokens stand in every window, and count as one each: with the mean of their states.
    const mean = (states: readonly number[][]): number[] =>
      states[0].map((_, i) => states.reduce((sum, state) => sum + state[i], 0) / states.length);
    const states = [
      mean(rows.map((window) => window[0])),
      ...rows.flatMap((window) => window.slice(1, -1)),
      mean(rows.map((window) => window[window.length - 1])),
    ];
    const whole = await extract(text, { maxLength: 32, overlap: 0 });
    expect(whole.dims).toEqual([1, ids.length, 32]);
    expectNear(whole.data, states.flat());
    const pooled = await extract(text, { maxLength: 32, overlap: 0, pooling: 'mean' });
    expectNear(pooled.data, mean(states));
    const cut = await extract(text, { truncation: true, pooling: 'mean' });
    expectNear(cut.data, mean(rows[0]));
  });

  test('a text is cut at the end that the files say', async () => {
    const { network, tokenizer, settings } = extract.model;
    const cutting = { maxLength: 6, side: 'left' } as const;
    const model = new Encoder(network, tokenizer, attn, undefined, { ...settings, cutting });
    const fromEnd = await pipeline('feature-extraction', model);
    const { ids } = tokenizer!.encode(texts[0]);
    const { states } = await model.encode([[ids[0], ...ids.slice(-5)]], { pooling: 'none' });
    expect((await fromEnd(texts[0], { truncation: true })).data).toEqual(states[0].data);
  });

  test('a text with an emoji in chunks: the sentences of each text', async () => {
    const both = [texts.join(' '), texts[1]];
    const features = await embed(both, { chunks: 'sentences' });
    const { embeddings, chunks } = await (embed.model as Encoder).encode(both, { chunks: 'sentences' });
    expect(features.chunks).toEqual(chunks);
    expect(features.dims).toEqual(embeddings.shape);
    expect(features.data).toEqual(embeddings.data);
    expect(features.chunks!.map(({ text, start, end }) => both[text].slice(start, end))).toEqual([
      'The whale dived under the boat.',
      '🐳 Call me Ishmael.',
      'Call me Ishmael.',
    ]);
  });

  test('fewer dimensions, and prompts', async () => {
    const short = await embed(texts, { dimensions: 4, normalize: true });
    const { embeddings } = await (embed.model as Encoder).encode(texts, { dimensions: 4, normalize: true });
    expect(short.dims).toEqual([2, 4]);
    expect(short.data).toEqual(embeddings.data);
    expect((await embed(texts[1], { prompt: 'query: ' })).data).toEqual(
      (await embed(`query: ${texts[1]}`)).data,
    );
  });

  test('bits and bytes', async () => {
    const vectors = await embed(texts);
    const matrix = f32(vectors.dims, vectors.data);
    const bits = await embed(texts, { quantize: true });
    expect(bits).toMatchObject({ type: 'int8', dims: [2, 4] });
    expect(bits.data).toEqual(quantizeEmbeddings(matrix, 'binary').data);
    const unsigned = await embed(texts, { quantize: true, precision: 'ubinary' });
    expect(unsigned).toMatchObject({ type: 'uint8', dims: [2, 4] });
    expect(unsigned.data).toEqual(quantizeEmbeddings(matrix, 'ubinary').data);
    const ranges = rangesOf(matrix);
    const bytes = await embed(texts, { quantize: true, precision: 'int8', ranges });
    expect(bytes).toMatchObject({ type: 'int8', dims: [2, 32] });
    expect(bytes.data).toEqual(quantizeEmbeddings(matrix, 'int8', { ranges }).data);
  });

  test('one vector for each text, as lists of numbers', async () => {
    const { vectors, tokens } = await textVectors(extract, texts);
    const mean = await extract(texts, { pooling: 'mean' });
    expect(vectors).toEqual(mean.tolist());
    expect(tokens).toBe(mean.tokens[0] + mean.tokens[1]);
    expect((await textVectors(embed, texts)).vectors).toEqual((await embed(texts)).tolist());
    expect(await textVectors(extract, [])).toEqual({ vectors: [], tokens: 0 });
    for (const options of [{ pooling: 'none' }, { chunks: 'sentences' }])
      await expect(textVectors(extract, texts, options as object)).rejects.toThrow(
        'each text has one vector',
      );
    await expect(textVectors(extract.stream as never, texts)).rejects.toThrow(
      'a pipeline for feature-extraction',
    );
  });

  test('a pair is read as one input', async () => {
    const [text, pair] = texts;
    const { states } = await (extract.model as Encoder).encode({ text, pair }, { pooling: 'none' });
    const features = await extract({ text, text_pair: pair });
    expect(features.data).toEqual(states[0].data);
  });

  test('no texts, a stream, progress, abort', async () => {
    expect(await embed([])).toMatchObject({ dims: [0, 0], tokens: [] });
    const streamed: number[] = [];
    for await (const { dims, data } of embed.stream(texts)) {
      expect(dims).toEqual([1, 32]);
      streamed.push(...data);
    }
    expect(streamed).toEqual(Array.from((await embed(texts)).data));
    const units = new Set<string>();
    await embed(texts, { onProgress: ({ unit }) => units.add(unit) });
    expect([...units]).toEqual(['characters', 'windows']);
    const signal = AbortSignal.abort();
    await expect(embed(texts, { signal })).rejects.toMatchObject({ code: 'ABORTED' });
    const middle = new AbortController();
    const stop = ({ unit }: { unit: string }): void => (unit === 'windows' ? middle.abort() : undefined);
    await expect(embed(texts, { signal: middle.signal, onProgress: stop })).rejects.toMatchObject({
      code: 'ABORTED',
    });
  });

  test.each<[string, unknown, object, string]>([
    ['a number', 3, {}, 'the input must be a text or { text, text_pair }, got 3'],
    ['a wrong text of many', ['a', null], {}, 'input 1 must be a text or { text, text_pair }, got null'],
    ['a pooling', 'a', { pooling: 'average' }, 'pooling must be "cls"'],
    [
      'bits of states',
      'a',
      { quantize: true },
      "pooling 'none' keeps the states of tokens, so quantize must",
    ],
    [
      'bytes without ranges',
      'a',
      { pooling: 'mean', quantize: true, precision: 'uint8' },
      'precision uint8 needs the option ranges',
    ],
    ['onLongText', 'a', { onLongText: 'cut' }, 'there is no option "onLongText"'],
  ])('%s is refused', async (_, input, options, message) => {
    await expect(extract(input as string, options)).rejects.toMatchObject({
      code: 'INVALID_ARGUMENT',
      message: expect.stringContaining(message),
    });
    await expect(extract(input as string, options)).rejects.toThrow('[attn/models] feature-extraction');
  });

  test('a model with a head is refused when it is opened', async () => {
    const path = `${import.meta.dirname}/../../goldens/bert_masked_lm`;
    await expect(pipeline('feature-extraction', path, { attn, head: true })).rejects.toMatchObject({
      code: 'UNSUPPORTED',
      message: expect.stringContaining('no last_hidden_state'),
    });
  });
});
