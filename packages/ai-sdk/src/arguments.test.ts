/** Whatever the models of this package are opened and called with, they work or say what is wrong. */
import { fileURLToPath } from 'node:url';
import { describeFunctions } from '@attn/conformance/vitest';
import { createAttn } from '@attn/core';
import { cpu } from '@attn/cpu';
import { loadModel } from '@attn/models/node';
import { afterAll } from 'vitest';
import * as module from './index.ts';

const golden = (name: string): string =>
  fileURLToPath(new URL(`../../models/goldens/${name}`, import.meta.url));
const attn = await createAttn({ backends: [cpu()] });
afterAll(() => attn.dispose());
const vectors = await loadModel(golden('tasks/st-mean'), { attn });
const pairs = await loadModel(golden('classic/sentence/cross_sigmoid'), { attn });
const [embedding, reranking] = [await module.embeddingModel(vectors), await module.rerankingModel(pairs)];
const abortSignal = new AbortController().signal;

describeFunctions([module], {
  embeddingModel: {
    call: (options) => module.embeddingModel(vectors, options),
    args: () => [{ call: { pooling: 'max', dimensions: 2 }, modelId: 'a model' }],
    options: [0],
  },
  rerankingModel: {
    call: (options) => module.rerankingModel(pairs, options),
    args: () => [{ call: { truncation: true, maxLength: 8 }, modelId: 'a model' }],
    options: [0],
  },
  'embeddingModel of a source': { call: module.embeddingModel, args: () => [vectors], depth: 0 },
  'rerankingModel of a source': { call: module.rerankingModel, args: () => [pairs], depth: 0 },
  doEmbed: {
    call: (values, options) => embedding.doEmbed({ values, abortSignal, providerOptions: { attn: options } }),
    args: () => [['a whale'], { normalize: true, prompt: 'a' }],
    options: [1],
    depth: 1,
  },
  doRerank: {
    call: (query, values, options, topN) =>
      reranking.doRerank({
        query,
        topN,
        documents: { type: 'text', values },
        abortSignal,
        providerOptions: { attn: options },
      }),
    args: () => ['long', ['window'], { truncation: true }, 1],
    options: [2],
    depth: 1,
  },
});
