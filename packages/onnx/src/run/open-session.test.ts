// Options of sessions that follow from the sizes of a graph.
import { attention, f32, GraphBuilder, slidingWindow, type Graph } from '@attn/core';
import * as ort from 'onnxruntime-node';
import { afterEach, expect, test, vi } from 'vitest';
import { onnx } from '../node.ts';

afterEach(() => void vi.restoreAllMocks());

/** The options of the session of a graph. */
async function optionsOf(graph: Graph, sessionOptions?: object): Promise<unknown> {
  const create = vi.spyOn(ort.InferenceSession, 'create');
  const backend = onnx({ threads: 1, ...(sessionOptions && { sessionOptions: { ...sessionOptions } }) });
  await backend.compile(graph);
  await backend.dispose();
  const [, options]: readonly unknown[] = create.mock.lastCall ?? [];
  return options;
}

/** The options of the session of a window over so many tokens. */
function optionsFor(n: number, sessionOptions?: object): Promise<unknown> {
  const x = f32([1, 8, n, 64], new Float32Array(512 * n));
  const { graph } = attention({ q: x, k: x, v: x, pattern: slidingWindow({ before: 9, after: 9 }) });
  return optionsOf(graph, sessionOptions);
}

test('the second run touches no new memory where values are large', async () => {
  expect(await optionsFor(2048)).toMatchObject({ enableMemPattern: false });
  expect(await optionsFor(128)).not.toHaveProperty('enableMemPattern');
  expect(await optionsFor(2048, { enableMemPattern: true })).toMatchObject({ enableMemPattern: true });
});

test('a run whose intermediates take more than 96 MiB gives them back', async () => {
  const graphOf = (mebibytes: number): Graph => {
    const builder = new GraphBuilder();
    const x = builder.input('x', { dtype: 'f32', shape: [mebibytes, 2 ** 18] });
    return builder.build({ sums: builder.reduce(builder.tanh(x), 0, 'sum') });
  };
  expect(await optionsOf(graphOf(97))).toMatchObject({ enableCpuMemArena: false, enableMemPattern: false });
  expect(await optionsOf(graphOf(96))).not.toHaveProperty('enableCpuMemArena');
});
