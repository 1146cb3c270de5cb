/** Models of this package in the hands of the AI SDK itself. */
import { fileURLToPath } from 'node:url';
import { createAttn, type Attn } from '@attn/core';
import { cpu } from '@attn/cpu';
import { loadModel, pipeline, type Encoder, type PairScorer, type RankedText } from '@attn/models/node';
import { embed, embedMany, rerank, type EmbeddingModel, type RerankingModel } from 'ai';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { embeddingModel, rerankingModel, type AttnEmbeddingModel, type AttnRerankingModel } from './index.ts';
import * as web from './index.web.ts';

const golden = (name: string): string =>
  fileURLToPath(new URL(`../../models/goldens/${name}`, import.meta.url));
const FOLDER = golden('tasks/st-mean');
const PROMPTS = golden('today/st/embeddinggemma_hub');
const PLAIN = golden('tasks/features-bert');
const RERANKER = golden('classic/sentence/cross_sigmoid');
const texts = ['The whale dived under the boat. 🐳', 'Call me Ishmael.', ''];

let attn: Attn;
beforeAll(async () => {
  attn = await createAttn({ backends: [cpu()] });
});
afterAll(() => attn.dispose());

/** The reason that a call is refused with. */
const reasonOf = (call: Promise<unknown>): Promise<unknown> =>
  call.then(
    () => undefined,
    (error: unknown) => error,
  );

describe('embed and embedMany', () => {
  let loaded: Encoder;
  let model: AttnEmbeddingModel;
  beforeAll(async () => {
    loaded = await loadModel(FOLDER, { attn, for: 'encode' });
    model = await embeddingModel(loaded);
  });

  test('give the vectors of the model, and count tokens', async () => {
    const accepted: EmbeddingModel = model; // the type of the AI SDK
    const { embedding, usage, warnings } = await embed({ model: accepted, value: texts[0] });
    const { embeddings, tokens } = await loaded.encode(texts);
    expect(embedding).toEqual(Array.from(embeddings.data.subarray(0, 32)));
    expect(usage.tokens).toBe(tokens[0]);
    expect(warnings).toEqual([]);
    const many = await embedMany({ model, values: texts });
    expect(many.embeddings.flat()).toEqual(Array.from(embeddings.data));
    expect(many.usage.tokens).toBe(tokens.reduce((a, b) => a + b));
  });

  test('no texts have no vectors', async () => {
    const { embeddings, usage } = await embedMany({ model, values: [] });
    expect([embeddings, usage.tokens]).toEqual([[], 0]);
  });

  test('texts of many lengths run in batches, in order', async () => {
    const values = Array.from({ length: 120 }, (_, i) => `${'whale '.repeat(i % 40)}${i}`);
    const { embeddings } = await embedMany({ model, values, providerOptions: { attn: { batchTokens: 64 } } });
    expect(embeddings).toHaveLength(120);
    const alone = await embed({ model, value: values[119] });
    embeddings[119].forEach((value, i) => expect(value).toBeCloseTo(alone.embedding[i], 5));
  });

  test('a long text is read as a whole', async () => {
    const value = 'Captain Ahab nailed a doubloon to the mast of the Pequod. '.repeat(4);
    const whole = await embed({ model, value });
    const { embeddings } = await loaded.encode(value, { onLongText: 'split', onWarning: () => {} });
    expect(whole.embedding).toEqual(Array.from(embeddings.data));
    expect(whole.warnings).toEqual([]);
    const cut = await embed({ model, value, providerOptions: { attn: { truncation: true } } });
    expect(cut.embedding).not.toEqual(whole.embedding);
    expect(cut.usage.tokens).toBe(32);
  });

  test('options of the model, of the call and of the AI SDK, the last first', async () => {
    await using short = await embeddingModel(PROMPTS, {
      load: { attn },
      call: { dimensions: 8, as: 'document' },
      modelId: 'gemma',
    });
    expect([short.provider, short.modelId]).toEqual(['attn', 'gemma']);
    const gemma = await loadModel(PROMPTS, { attn, for: 'encode' });
    const expected = async (options: object): Promise<number[]> =>
      Array.from((await gemma.encode(texts[0], options)).embeddings.data);
    const value = texts[0];
    const [document, query, fewer] = await Promise.all([
      embed({ model: short, value }),
      embed({ model: short, value, providerOptions: { attn: { as: 'query' } } }),
      embed({ model: short, value, dimensions: 4 }),
    ]);
    expect(document.embedding).toEqual(await expected({ as: 'document', dimensions: 8 }));
    expect(query.embedding).toEqual(await expected({ as: 'query', dimensions: 8 }));
    expect(query.embedding).not.toEqual(document.embedding);
    expect(fewer.embedding).toEqual(await expected({ as: 'document', dimensions: 4 }));
  });

  test('a folder, a pipeline, a model, and a model outside of Node', async () => {
    const value = texts[1];
    await using extract = await pipeline('feature-extraction', PLAIN, { attn });
    const { data } = await extract(value, { pooling: 'mean' });
    const plain = await embeddingModel(extract);
    expect((await embed({ model: plain, value })).embedding).toEqual(Array.from(data));
    await plain.dispose();
    expect((await extract(value, { pooling: 'mean' })).data).toEqual(data); // it is the caller's
    await using folder = await embeddingModel(PLAIN, { load: { attn } });
    expect(folder.modelId).toBe(PLAIN);
    expect((await embed({ model: folder, value })).embedding).toEqual(Array.from(data));
    const inPage = await web.embeddingModel(extract.model);
    expect(inPage.modelId).toBe('BertModel');
    expect((await embed({ model: inPage, value })).embedding).toEqual(Array.from(data));
  });

  test('an aborted call fails as the AI SDK expects it, without another try', async () => {
    const before = await reasonOf(embed({ model, value: texts[0], abortSignal: AbortSignal.abort() }));
    expect(before).toMatchObject({ name: 'AbortError' });
    const controller = new AbortController();
    let calls = 0;
    const watched = await embeddingModel(loaded, {
      call: {
        onProgress: ({ done, unit }) => {
          if (unit === 'windows' && done === 0) calls += 1;
          if (unit === 'windows') controller.abort();
        },
      },
    });
    const during = embedMany({ model: watched, values: texts, abortSignal: controller.signal });
    expect(await reasonOf(during)).toMatchObject({ name: 'AbortError' });
    expect(calls).toBe(1);
    const own = new Error('the user has left');
    expect(await reasonOf(embed({ model, value: 'a', abortSignal: AbortSignal.abort(own) }))).toBe(own);
  });

  test.each<[string, object, string]>([
    ['no text', { value: 5 }, 'inputs must be a list of texts, got'],
    ['a wrong name', { providerOptions: { attn: { poling: 'max' } } }, 'did you mean pooling?'],
    ['no vectors', { providerOptions: { attn: { pooling: 'none' } } }, 'pooling must not be "none"'],
    ['too many dimensions', { dimensions: 64 }, 'dimensions must be an integer from 1 to 32, got 64'],
  ])('%s is an error of one sentence', async (_, call, message) => {
    const error = await reasonOf(embed({ model, value: 'a', ...call }));
    expect(error).toMatchObject({
      name: 'AttnError',
      code: 'INVALID_ARGUMENT',
      message: expect.stringContaining(message),
    });
  });

  test('wrong models and options are refused when a model is opened', async () => {
    const opening = (source: string, options: object): Promise<unknown> =>
      reasonOf(embeddingModel(source, { load: { attn }, ...options }));
    expect(await opening(FOLDER, { call: { pooling: 'average' } })).toMatchObject({
      message: expect.stringContaining('pooling must be "cls"'),
    });
    expect(await opening(FOLDER, { calls: {} })).toMatchObject({
      message: expect.stringContaining('there is no option "calls"'),
    });
    expect(await opening('/no/such/folder', {})).toMatchObject({ code: 'FILE_NOT_FOUND' });
    expect(await reasonOf(embeddingModel(loaded, { load: { attn } }))).toMatchObject({
      message: expect.stringContaining('a model that is loaded takes no options of loading'),
    });
  });
});

describe('rerank', () => {
  const query = 'what is attention';
  const documents = ['Search!', 'the window of attention', 'attention attention', ''];
  const ranksOf = async (model: PairScorer, texts: readonly string[]) => {
    const ranked = await (await pipeline('text-ranking', model))(query, texts);
    return ranked.map(({ corpus_id: index, score }) => ({ index, score, document: texts[index] }));
  };
  let loaded: PairScorer;
  let model: AttnRerankingModel;
  beforeAll(async () => {
    loaded = await loadModel(RERANKER, { attn, for: 'rank' });
    model = await rerankingModel(loaded);
  });

  test('gives the order and the scores of the model', async () => {
    const accepted: RerankingModel = model; // the type of the AI SDK
    const ranked = await ranksOf(loaded, documents);
    const { ranking, rerankedDocuments, originalDocuments } = await rerank({
      model: accepted,
      query,
      documents,
    });
    expect(ranking).toEqual(
      ranked.map(({ index, score, document }) => ({ originalIndex: index, score, document })),
    );
    expect(rerankedDocuments).toEqual(ranked.map(({ document }) => document));
    expect(originalDocuments).toEqual(documents);
    const best = await rerank({ model, query, documents, topN: 2 });
    expect(best.ranking).toEqual(ranking.slice(0, 2));
  });

  test('objects are read as JSON, with a warning', async () => {
    const objects = documents.map((body) => ({ body }));
    const warned: unknown[] = [];
    const globals = globalThis as { AI_SDK_LOG_WARNINGS?: unknown };
    globals.AI_SDK_LOG_WARNINGS = (log: { readonly warnings: unknown[] }) => warned.push(...log.warnings);
    const { ranking } = await rerank({ model, query, documents: objects });
    delete globals.AI_SDK_LOG_WARNINGS;
    const ranked = await ranksOf(
      loaded,
      objects.map((object) => JSON.stringify(object)),
    );
    expect(ranking.map(({ document, score }) => [document, score])).toEqual(
      ranked.map(({ index, score }) => [objects[index], score]),
    );
    expect(warned[0]).toMatchObject({ type: 'compatibility', feature: 'object documents' });
  });

  test('documents that are too long are read in windows, or cut with an option', async () => {
    const values = [`${'attention '.repeat(80)}window`, 'x'];
    const rank = await pipeline('text-ranking', loaded);
    const documents = { type: 'text', values } as const;
    const { ranking, warnings } = await model.doRerank({ query, documents });
    const places = (list: readonly RankedText[]) =>
      list.map(({ corpus_id: index, score: relevanceScore }) => ({ index, relevanceScore }));
    expect(ranking).toEqual(places(await rank(query, values)));
    expect(warnings).toEqual([]);
    const providerOptions = { attn: { truncation: true } };
    const cut = await model.doRerank({ query, documents, providerOptions });
    expect(cut.ranking).toEqual(places(await rank(query, values, { truncation: true })));
    expect(cut.ranking).not.toEqual(ranking);
  });

  test('no documents, an abort', async () => {
    expect((await rerank({ model, query, documents: [] })).ranking).toEqual([]);
    const abortSignal = AbortSignal.abort();
    expect(await reasonOf(rerank({ model, query, documents, abortSignal }))).toMatchObject({
      name: 'AbortError',
    });
  });

  test('what is wrong is said in a sentence', async () => {
    expect(await reasonOf(rerank({ model, query: 5 as never, documents }))).toMatchObject({
      code: 'INVALID_ARGUMENT',
      message: expect.stringContaining('query must be a string, got 5'),
    });
    expect(await reasonOf(rerank({ model, query, documents, topN: 0 }))).toMatchObject({
      message: expect.stringContaining('top_k must be'),
    });
    expect(await reasonOf(rerankingModel(FOLDER, { load: { attn } }))).toMatchObject({
      code: 'UNSUPPORTED',
      message: expect.stringContaining('needs a model for sequence classification'),
    });
    await using classify = await pipeline('text-classification', RERANKER, { attn });
    await using own = await web.rerankingModel(classify, { modelId: 'own' });
    expect((await rerank({ model: own, query, documents })).ranking[0].score).toBe(
      (await rerank({ model, query, documents })).ranking[0].score,
    );
  });
});
