/**
 * Backends are created and graphs exported with every kind of wrong argument: they work or name the fault.
 */
import { describeFunctions } from '@attn/conformance/vitest';
import { attention, f32 } from '@attn/core';
import { describe, expect, test } from 'vitest';
import * as exported from './export.ts';
import * as main from './index.ts';
import * as mainOnWeb from './index.web.ts';
import * as node from './node.ts';
import * as web from './web.ts';

const options = {
  portable: true,
  threads: 1,
  executionProviders: ['cpu', { name: 'cpu' }],
  sessionOptions: {},
  weightsInPlace: true,
};
const q = f32([1, 1, 2, 2], [1, 2, 3, 4]);

describe('export', () => {
  describeFunctions([exported], {
    exportOnnx: {
      args: () => [attention({ q, k: q, v: q }).graph, { portable: true, dataFile: 'weights.bin' }],
      options: [1],
    },
  });
});

describe.each([
  ['the main entry in Node', main],
  ['the main entry elsewhere', mainOnWeb],
  ['node', node],
])('%s', (_name, entry) => {
  describeFunctions([entry], { onnx: { args: () => [options], options: [0] } });
});

describe('web', () => {
  describeFunctions([web], { onnx: { args: () => [{ ...options, offMainThread: false }], options: [0] } });
});

test('the main entry exports the same names in Node and elsewhere', () => {
  expect(Object.keys(mainOnWeb)).toEqual(Object.keys(main));
});
