/** Whatever backends are made with and graphs exported with, they work or say what is wrong. */
import { describeFunctions } from '@attn/conformance/vitest';
import { f32 } from '@attn/core';
import { attention } from '@attn/core';
import { describe } from 'vitest';
import * as exported from './index.ts';
import * as node from './node.ts';
import * as web from './web.ts';

const options = {
  portable: true,
  threads: 1,
  executionProviders: ['cpu', { name: 'cpu' }],
  sessionOptions: {},
};
const q = f32([1, 1, 2, 2], [1, 2, 3, 4]);

describe('index', () => {
  describeFunctions([exported], {
    exportOnnx: {
      args: () => [attention({ q, k: q, v: q }).graph, { portable: true, dataFile: 'weights.bin' }],
      options: [1],
    },
  });
});

describe('node', () => {
  describeFunctions([node], { onnx: { args: () => [options], options: [0] } });
});

describe('web', () => {
  describeFunctions([web], { onnx: { args: () => [{ ...options, offMainThread: false }], options: [0] } });
});
