/** The classes of this package in the hands of LangChain itself. */
import { fileURLToPath } from 'node:url';
import { createAttn, type Attn } from '@attn/core';
import { cpu } from '@attn/cpu';
import { loadModel, pipeline, type Encoder, type PairScorer } from '@attn/models/node';
import { Document } from '@langchain/core/documents';
import { Embeddings } from '@langchain/core/embeddings';
import { BaseDocumentCompressor } from '@langchain/core/retrievers/document_compressors';
import { RunnableLambda } from '@langchain/core/runnables';
import { FakeVectorStore } from '@langchain/core/utils/testing';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { AttnEmbeddings, AttnReranker, loadEmbeddings, loadReranker } from './index.ts';
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

describe('AttnEmbeddings', () => {
  let loaded: Encoder;
  let embeddings: AttnEmbeddings;
  beforeAll(async () => {
    loaded = await loadModel(FOLDER, { attn, for: 'encode' });
    embeddings = await loadEmbeddings(loaded);
  });

  test('are vectors of the model', async () => {
    expect(embeddings).toBeInstanceOf(Embeddings);
    const { data } = (await loaded.encode(texts)).embeddings;
    expect((await embeddings.embedDocuments(texts)).flat()).toEqual(Array.from(data));
    expect(await embeddings.embedQuery(texts[0])).toEqual(Array.from(data.subarray(0, 32)));
    expect(await embeddings.embedDocuments([])).toEqual([]);
  });

  test('serve a vector store and its retriever', async () => {
    const pages = texts.map((pageContent, page) => new Document({ pageContent, metadata: { page } }));
    const store = await FakeVectorStore.fromDocuments(pages, embeddings);
    const [[nearest, score]] = await store.similaritySearchWithScore(texts[1], 1);
    expect(nearest.metadata.page).toBe(1);
    expect(score).toBeCloseTo(1, 5);
    const results = await store.asRetriever(2).invoke(texts[0]);
    expect(results.map(({ metadata }) => metadata.page)[0]).toBe(0);
  });

  test('texts of many lengths run in batches, in order', async () => {
    const documents = Array.from({ length: 120 }, (_, i) => `${'whale '.repeat(i % 40)}${i}`);
    const small = await loadEmbeddings(loaded, { call: { batchTokens: 64 } });
    const vectors = await small.embedDocuments(documents);
    expect(vectors).toHaveLength(120);
    const alone = await embeddings.embedQuery(documents[119]);
    vectors[119].forEach((value, i) => expect(value).toBeCloseTo(alone[i], 5));
  });

  test('queries and documents have prompts of their own, unless options say otherwise', async () => {
    const gemma = await loadModel(PROMPTS, { attn, for: 'encode' });
    const expected = async (options: object): Promise<number[]> =>
      Array.from((await gemma.encode(texts[0], options)).embeddings.data);
    const both = await loadEmbeddings(gemma, { call: { dimensions: 8 }, query: { normalize: true } });
    const query = await both.embedQuery(texts[0]);
    const [document] = await both.embedDocuments([texts[0]]);
    expect(query).toEqual(await expected({ as: 'query', dimensions: 8, normalize: true }));
    expect(document).toEqual(await expected({ as: 'document', dimensions: 8 }));
    expect(query).not.toEqual(document);
    const own = await loadEmbeddings(gemma, { query: { prompt: 'q: ' }, document: { prompt: '' } });
    expect(await own.embedQuery(texts[0])).toEqual(await expected({ prompt: 'q: ' }));
    expect(await own.embedDocuments([texts[0]])).toEqual([await expected({ prompt: '' })]);
  });

  test('a long text is read as a whole', async () => {
    const text = 'Captain Ahab nailed a doubloon to the mast of the Pequod. '.repeat(4);
    const whole = await loaded.encode(text, { onLongText: 'split', onWarning: () => {} });
    expect(await embeddings.embedQuery(text)).toEqual(Array.from(whole.embeddings.data));
  });

  test('a folder, a pipeline, outside of Node', async () => {
    await using extract = await pipeline('feature-extraction', PLAIN, { attn });
    const mean = (await extract(texts, { pooling: 'mean' })).tolist();
    await using folder = await loadEmbeddings(PLAIN, { load: { attn } });
    expect(await folder.embedDocuments(texts)).toEqual(mean);
    expect(await new AttnEmbeddings({ pipeline: extract }).embedDocuments(texts)).toEqual(mean);
    expect(await (await web.loadEmbeddings(extract)).embedDocuments(texts)).toEqual(mean);
  });

  test('an abort ends a call, before and while it runs', async () => {
    const signal = AbortSignal.abort();
    await expect(embeddings.embedQuery('a', { signal })).rejects.toMatchObject({ code: 'ABORTED' });
    const controller = new AbortController();
    let runs = 0;
    const watched = await loadEmbeddings(loaded, {
      call: {
        onProgress: ({ unit, done }) => {
          if (unit === 'windows' && done === 0) runs += 1;
          if (unit === 'windows') controller.abort();
        },
      },
    });
    const call = watched.embedDocuments(texts, { signal: controller.signal });
    await expect(call).rejects.toMatchObject({ code: 'ABORTED' });
    expect(runs).toBe(1);
  });

  test.each<[string, () => unknown, string]>([
    ['a number', () => embeddings.embedQuery(5 as never), 'inputs must be a list of texts, got'],
    ['a text as a list', () => embeddings.embedDocuments('a' as never), 'a list of texts, got "a"'],
    [
      'a wrong name of an option',
      async () => (await loadEmbeddings(loaded, { call: { poling: 'max' } as never })).embedQuery('a'),
      'did you mean pooling?',
    ],
    [
      'options of nothing',
      () => loadEmbeddings(loaded, { calls: {} } as never),
      'there is no option "calls"',
    ],
    ['no pipeline', () => Promise.resolve().then(() => new AttnEmbeddings({} as never)), 'pipeline must be'],
    [
      'options of loading for what is loaded',
      () => loadEmbeddings(loaded, { load: { attn } }),
      'a model that is loaded takes no options of loading',
    ],
  ])('%s is an error of one sentence', async (_, call, message) => {
    await expect(call()).rejects.toMatchObject({
      name: 'AttnError',
      code: 'INVALID_ARGUMENT',
      message: expect.stringContaining(message),
    });
  });

  test('a model that is not there', async () => {
    await expect(loadEmbeddings('/no/such/folder', { load: { attn } })).rejects.toMatchObject({
      code: 'FILE_NOT_FOUND',
    });
  });
});

describe('AttnReranker', () => {
  const query = 'what is attention';
  const documents = ['Search!', 'the window of attention', 'attention attention', ''].map(
    (pageContent, page) => new Document({ pageContent, metadata: { page }, id: `page ${page}` }),
  );
  let loaded: PairScorer;
  let reranker: AttnReranker;
  beforeAll(async () => {
    loaded = await loadModel(RERANKER, { attn, for: 'rank' });
    reranker = await loadReranker(loaded);
  });

  test('sorts documents by the scores of the model, and leaves them as they are', async () => {
    expect(BaseDocumentCompressor.isBaseDocumentCompressor(reranker)).toBe(true);
    const rank = await pipeline('text-ranking', loaded);
    const ranked = await rank(
      query,
      documents.map(({ pageContent }) => pageContent),
    );
    const best = await reranker.compressDocuments(documents, query);
    expect(best).toEqual(
      ranked.map(
        ({ corpus_id: index, score }) =>
          new Document({
            pageContent: documents[index].pageContent,
            metadata: { page: index, relevanceScore: score },
            id: `page ${index}`,
          }),
      ),
    );
    expect(documents[0].metadata).toEqual({ page: 0 });
    const two = await loadReranker(loaded, { topN: 2, call: { truncation: true } });
    const rows = await two.compressDocuments(documents, query);
    expect(rows.map(({ id }) => id)).toEqual(best.slice(0, 2).map(({ id }) => id));
  });

  test('is a step of a chain', async () => {
    const chain = RunnableLambda.from((text: string) => reranker.compressDocuments(documents, text)).pipe(
      (results) => results.map(({ pageContent }) => pageContent),
    );
    const best = await reranker.compressDocuments(documents, query);
    expect(await chain.invoke(query)).toEqual(best.map(({ pageContent }) => pageContent));
  });

  test('no documents, an abort, what is wrong', async () => {
    expect(await reranker.compressDocuments([], query)).toEqual([]);
    const signal = AbortSignal.abort();
    const aborted = reranker.compressDocuments(documents, query, undefined, { signal });
    await expect(aborted).rejects.toMatchObject({ code: 'ABORTED' });
    await expect(reranker.compressDocuments(['a'] as never, query)).rejects.toMatchObject({
      code: 'INVALID_ARGUMENT',
      message: expect.stringContaining('documents must be a list of documents, got'),
    });
    await expect(reranker.compressDocuments(documents, 5 as never)).rejects.toThrow('query must be a string');
    await expect(loadReranker(loaded, { topN: 0 })).rejects.toThrow('topN must be a positive integer, got 0');
    await expect(loadReranker(FOLDER, { load: { attn } })).rejects.toMatchObject({ code: 'UNSUPPORTED' });
  });

  test('a folder, a pipeline, outside of Node', async () => {
    const best = await reranker.compressDocuments(documents, query);
    await using folder = await loadReranker(RERANKER, { load: { attn } });
    expect(await folder.compressDocuments(documents, query)).toEqual(best);
    await using rank = await pipeline('text-ranking', RERANKER, { attn });
    expect(await new AttnReranker({ pipeline: rank }).compressDocuments(documents, query)).toEqual(best);
    expect(await (await web.loadReranker(rank)).compressDocuments(documents, query)).toEqual(best);
  });
});
