// Options of sessions that follow from the sizes of a graph.
import { attention, f32, slidingWindow } from '@attn/core';
import * as ort from 'onnxruntime-node';
import { afterEach, expect, test, vi } from 'vitest';
import { onnx } from '../node.ts';

afterEach(() => void vi.restoreAllMocks());

/** The options of the session of a window over so many tokens. */
async function optionsFor(n: number, sessionOptions?: object): Promise<unknown> {
  const create = vi.spyOn(ort.InferenceSession, 'create');
  const backend = onnx({ threads: 1, ...(sessionOptions && { sessionOptions: { ...sessionOptions } }) });
  const x = f32([1, 8, n, 64], new Float32Array(512 * n));
  const { graph } = attention({ q: x, k: x, v: x, pattern: slidingWindow({ before: 9, after: 9 }) });
  await backend.compile(graph);
  await backend.dispose();
  const [, options]: readonly unknown[] = create.mock.lastCall ?? [];
  return options;
}

test('the second run touches no new memory where values are large', async () => {
  expect(await optionsFor(2048)).toMatchObject({ enableMemPattern: false });
  expect(await optionsFor(128)).not.toHaveProperty('enableMemPattern');
  expect(await optionsFor(2048, { enableMemPattern: true })).toMatchObject({ enableMemPattern: true });
});
