// A step of a causal model keeps nothing: memory does not grow from one to the next, and all share a graph.
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { createAttn } from '@attn/core';
import { onnx } from '@attn/onnx/node';
import { wasm } from '@attn/wasm';
import { expect, test, vi } from 'vitest';
import { smallQwen3 } from '../cached/models.testing.ts';
import { GraphRuns } from '../graph/graph-runs.ts';
import { CachedDecoder } from './cached-decoder.ts';

setFlagsFromString('--expose-gc');
const collectGarbage = runInNewContext('gc') as () => void;

const model = await smallQwen3();
const STEPS = 100;

/** Bytes of objects, of buffers and of memory of WebAssembly. */
function usedBytes(): number {
  collectGarbage();
  const { heapUsed, external } = process.memoryUsage();
  return heapUsed + external;
}

test.each([
  ['wasm', wasm],
  ['onnx', onnx],
])('%s', async (_, make) => {
  await using attn = await createAttn({ backends: [make()] });
  const runnable = { model, tokenizer: undefined, graphs: new GraphRuns(attn, model), settings: {} };
  const room = { rows: 1, maxLength: 512, firstCapacity: 512, best: { count: 1, sums: false } };
  await using decoder = new CachedDecoder(runnable, [], room, {});
  const graphs = new Set<unknown>();
  const { run } = runnable.graphs;
  const spy = vi.spyOn(runnable.graphs, 'run').mockImplementation((...call) => {
    graphs.add(call[0]);
    return run.apply(runnable.graphs, call);
  });
  await decoder.start([[5], [6, 7]]);
  const [tokens, sources] = [Int32Array.of(8, 9), Int32Array.of(0, 1)];
  const step = async (count: number): Promise<void> => {
    for (let i = 0; i < count; i++) await decoder.step(tokens, sources);
  };
  await step(100);
  const growths: number[] = [];
  for (let part = 0; part < 3; part++) {
    spy.mockClear();
    const before = usedBytes();
    await step(STEPS);
    spy.mockClear();
    growths.push(usedBytes() - before);
  }
  // A new graph, or a copy of the cache, would be more each step. What code takes that runs often comes once.
  expect(Math.min(...growths)).toBeLessThan(STEPS * 1000);
  expect(graphs.size).toBe(1);
});
