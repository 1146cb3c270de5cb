// Pipelines over vectors of texts accept their arguments, or say in one typed sentence what is wrong.
import { describeFunctions } from '@attn/conformance/vitest';
import { createAttn, zeros } from '@attn/core';
import { cpu } from '@attn/cpu';
import { afterAll } from 'vitest';
import { pipeline, textVectors } from '../node.ts';
import { goldenFolder } from '../testing/goldens.testing.ts';

const attn = await createAttn({ backends: [cpu()] });
afterAll(() => attn.dispose());

const extract = await pipeline('feature-extraction', goldenFolder('tasks/features-bert'), { attn });
const compare = await pipeline('sentence-similarity', goldenFolder('tasks/st-mean'), { attn });
const { signal } = new AbortController();
const run = {
  backend: 'cpu',
  signal,
  onProgress: () => {},
  onWarning: () => {},
  maxLength: 8,
  batchTokens: 64,
  overlap: 1,
  truncation: true,
};

describeFunctions([], {
  'pipeline of feature-extraction': {
    call: (...[a, b]) => extract(a, b),
    args: () => [
      ['a whale', { text: 'a', text_pair: 'b' }],
      {
        ...run,
        pooling: 'eos',
        normalize: true,
        quantize: true,
        precision: 'uint8',
        ranges: zeros('f32', [2, 2]),
        dimensions: 2,
        as: 'query',
      },
    ],
    options: [1],
    depth: 1,
  },
  'pipeline of sentence-similarity': {
    call: (...[a, b]) => compare(a, b),
    args: () => [
      { source_sentence: 'a whale', sentences: ['b', 'c'] },
      { ...run, pooling: ['max', 'cls'], prompt: 'd' },
    ],
    options: [0, 1],
    depth: 1,
  },
  textVectors: {
    call: (...[a, b]) => textVectors(extract, a, b),
    args: () => [['a whale', ''], { ...run, pooling: 'max', dimensions: 2 }],
    options: [1],
    depth: 1,
  },
  'textVectors of a pipeline': {
    call: (pipe) => textVectors(pipe, ['a whale']),
    args: () => [extract],
    depth: 0,
  },
});
