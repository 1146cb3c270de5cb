/** Whatever the functions and classes of this package are called with, they work or say what is wrong. */
import { fileURLToPath } from 'node:url';
import { describeFunctions } from '@attn/conformance/vitest';
import { createAttn } from '@attn/core';
import { cpu } from '@attn/cpu';
import { pipeline } from '@attn/models/node';
import { Document } from '@langchain/core/documents';
import { afterAll } from 'vitest';
import * as module from './index.ts';

const golden = (name: string): string =>
  fileURLToPath(new URL(`../../models/goldens/${name}`, import.meta.url));
const attn = await createAttn({ backends: [cpu()] });
afterAll(() => attn.dispose());
const extract = await pipeline('feature-extraction', golden('tasks/st-mean'), { attn });
const classify = await pipeline('text-classification', golden('classic/sentence/cross_sigmoid'), { attn });
const embeddings = await module.loadEmbeddings(extract);
const reranker = await module.loadReranker(classify);
const { signal } = new AbortController();

describeFunctions([module], {
  loadEmbeddings: {
    call: (options) => module.loadEmbeddings(extract, options),
    args: () => [{ call: { dimensions: 2 }, query: { prompt: 'a' }, document: {} }],
    options: [0],
    depth: 1,
  },
  loadReranker: {
    call: (options) => module.loadReranker(classify, options),
    args: () => [{ topN: 1, call: { maxLength: 8 } }],
    options: [0],
    depth: 1,
  },
  'loadEmbeddings of a source': { call: module.loadEmbeddings, args: () => [extract], depth: 0 },
  'loadReranker of a source': { call: module.loadReranker, args: () => [classify], depth: 0 },
  AttnEmbeddings: {
    call: (params) => new module.AttnEmbeddings(params),
    args: () => [{ pipeline: extract, call: {}, query: {}, document: {} }],
    options: [0],
    depth: 1,
  },
  'AttnEmbeddings.embedDocuments': {
    call: embeddings.embedDocuments.bind(embeddings),
    args: () => [['a whale'], { signal }],
    options: [1],
  },
  'AttnEmbeddings.embedQuery': {
    call: embeddings.embedQuery.bind(embeddings),
    args: () => ['a whale', { signal }],
    options: [1],
  },
  AttnReranker: {
    call: (params) => new module.AttnReranker(params),
    args: () => [{ pipeline: classify, topN: 1, call: {} }],
    options: [0],
    depth: 1,
  },
  'AttnReranker.compressDocuments': {
    call: (documents, query, options) => reranker.compressDocuments(documents, query, undefined, options),
    args: () => [[new Document({ pageContent: 'window' })], 'long', { signal }],
    options: [2],
    depth: 1,
  },
});
