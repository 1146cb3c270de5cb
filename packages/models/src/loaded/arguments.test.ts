// Methods of loaded models accept their arguments, or say in one typed sentence what is wrong.
import { describeFunctions } from '@attn/conformance/vitest';
import { createAttn, zeros } from '@attn/core';
import { cpu } from '@attn/cpu';
import { afterAll } from 'vitest';
import { everyOption } from '../generate/every-option.testing.ts';
import * as models from '../node.ts';
import { goldenCalled } from '../testing/golden-sets.testing.ts';
import { goldenFolder, readGolden } from '../testing/goldens.testing.ts';

const attn = await createAttn({ backends: [cpu()] });
afterAll(() => attn.dispose());

const [long, lm] = await Promise.all(['longformer_short', 'reformer_lm'].map(readGolden));
const longformer = await models.longformerFamily.load(long.checkpoint);
const tokenizer = models.byteTokenizer(-60);
const encoder = new models.Encoder(longformer, undefined, attn);
const reader = new models.Encoder(longformer, tokenizer, attn);
const reformer = await models.reformerFamily.load(lm.checkpoint);
const writer = new models.TextGenerator(reformer, tokenizer, attn);
const ledGolden = await goldenCalled('heads', 'led', 'led_generation');
const led = new models.TextGenerator(await models.ledFamily.load(ledGolden.checkpoint), undefined, attn);
const folderOf = (id: string): models.FileStore => models.folderStore(goldenFolder(`classic/sentence/${id}`));
const [splade, cross] = await Promise.all([
  models.loadFrom(folderOf('splade_max'), { attn, for: 'encodeSparse' }),
  models.loadFrom(folderOf('cross_sigmoid'), { attn, for: 'rank' }),
]);

const { signal } = new AbortController();
const run = { backend: 'cpu', signal, onProgress: () => {} };
const texts = { maxLength: 8, batchTokens: 64, onWarning: () => {} };
const twoVectors = zeros('f32', [2, 3]);
const masked = {
  inputIds: [[0, 5]],
  attentionMask: [[1, 2]],
  globalAttentionMask: [[1, 0]],
  tokenTypeIds: [[0, 0]],
};

describeFunctions([], {
  'Encoder.encode': {
    call: (...[a, b]) => encoder.encode(a, b),
    args: () => [
      [
        [0, 5],
        [0, 6],
      ],
      {
        ...run,
        pooling: 'cls',
        maxLength: 8,
        normalize: true,
        onLongText: 'throw',
        overlap: 1,
        globalTokens: [0],
        batchTokens: 64,
        onWarning: () => {},
        as: 'query',
        dimensions: 2,
        quantize: 'binary',
      },
    ],
    options: [1],
  },
  'Encoder.encodeMany': {
    call: async (...[a, b]) => {
      for await (const { key } of encoder.encodeMany(a, b)) if (key === undefined) return;
    },
    args: () => [
      [[0, 5]],
      {
        ...run,
        batchTokens: 64,
        onWarning: () => {},
        done: () => false,
        onError: () => {},
        total: 1,
        lookAhead: 2,
      },
    ],
    options: [1],
    depth: 1,
  },
  'Encoder.tokenize': {
    call: (...[a, b]) => reader.tokenize(a, b),
    args: () => ['abc', { prompt: 'd', as: 'query', signal }],
    options: [1],
    depth: 1,
  },
  'PairScorer.tokenize': {
    call: (...[a, b]) => cross.tokenize(a, b),
    args: () => [[['long', 'window']], { signal }],
    options: [1],
  },
  'Encoder.encode of chunks': {
    call: (options) => reader.encode('abc', options),
    args: () => [{ prompt: 'd', chunks: [[0, 3]], quantize: 'int8', ranges: zeros('f32', [2, 32]) }],
    options: [0],
    depth: 2,
  },
  'SparseEncoder.encodeSparse': {
    call: (...[a, b]) => splade.encodeSparse(a, b),
    args: () => ['long', { ...run, ...texts, maxActive: 2, onLongText: 'cut', as: 'document' }],
    options: [1],
  },
  'PairScorer.predict': {
    call: (...[a, b]) => cross.predict(a, b),
    args: () => [[['long', 'window']], { ...run, ...texts, activation: 'identity', onLongText: 'cut' }],
    options: [1],
  },
  'PairScorer.rank': {
    call: (...[a, b, c]) => cross.rank(a, b, c),
    args: () => ['long', ['window', ''], { ...run, ...texts, topK: 1, activation: 'sigmoid' }],
    options: [2],
  },
  'SparseEncoder.similarity': {
    call: splade.similarity.bind(splade),
    args: () => [twoVectors, zeros('f32', [3])],
  },
  'Encoder.encode of a pair': {
    call: (input) => reader.encode(input),
    args: () => [{ text: 'abc', pair: 'd' }],
    options: [0],
  },
  'Encoder.encode of pairs': {
    call: reader.encode.bind(reader),
    args: () => [[{ text: 'b', pair: 'd' }]],
  },
  'LoadedModel.fixedGraph': {
    call: encoder.fixedGraph.bind(encoder),
    args: () => [{ batch: 1, length: 4, globalTokens: [0] }],
    options: [0],
  },
  'LoadedModel.run': { call: (...[a, b]) => encoder.run(a, b), args: () => [masked, run], options: [0, 1] },
  'TextGenerator.generate': {
    call: (...[a, b]) => writer.generate(a, b),
    args: () => [[5, 6], everyOption()],
    options: [1],
  },
  'TextGenerator.generate of an LED': {
    call: (...[a, b]) => led.generate(a, b),
    args: () => [
      [5, 6],
      {
        max_length: 4,
        decoder_input_ids: [2],
        decoder_start_token_id: 2,
        globalTokens: [0],
        onWarning: () => {},
      },
    ],
    options: [1],
  },
});
