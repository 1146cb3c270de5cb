import { expect, test } from 'vitest';
import { readWorkers, type WorkersOptions } from './options.ts';

test.each<[WorkersOptions, count: number, threads: number]>([
  [{ backend: 'onnx' }, 6, 1],
  [{ backend: 'cpu' }, 6, 1],
  [{ backend: 'wasm' }, 1, 6],
  [{ backend: 'wasm', count: 2 }, 2, 3],
  [{ backend: 'onnx', count: 4 }, 4, 1],
  [{ backend: 'onnx', count: 9 }, 9, 1],
  [{ backend: 'onnx', count: 3, threads: 4 }, 3, 4],
])('%o share out six cores', (options, count, threads) => {
  expect(readWorkers('test', options, 6)).toEqual({ backend: options.backend, count, threads });
});
