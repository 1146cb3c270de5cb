import { expect, test } from 'vitest';
import { f32, i32, type Tensor } from '../tensor.ts';
import { CallGraphs } from './call.ts';
import { createAttn } from '../run/create-attn.ts';
import { fakeBackend } from '../run/fake-backend.testing.ts';
import { lshCalls, lshGraph, lshInputs, type LshCall } from './lsh.ts';

const waves = (...shape: number[]): Tensor =>
  f32(
    shape,
    Float32Array.from({ length: shape.reduce((size, extent) => size * extent, 1) }, (_, i) => Math.sin(i)),
  );
const [qk, v] = [waves(1, 2, 20, 4), waves(1, 2, 20, 3)];
const call: LshCall = { qk, v, chunkLength: 4, rounds: 2 };

test('hashed, sorted and attended; orders and buckets on request', () => {
  expect(lshGraph(call).nodes.map(({ op }) => op)).toEqual(['lshHash', 'argsort', 'lshAttention']);
  expect([...lshGraph(call).outputs.keys()]).toEqual(['out']);
  const whole = lshGraph({ ...call, returnLse: true, returnOrder: true });
  expect([...whole.outputs.keys()]).toEqual(['out', 'lse', 'buckets', 'order']);
});

test('what is given is not computed again', () => {
  const order = i32(
    [1, 2, 2, 20],
    Array.from({ length: 80 }, (_, at) => at % 20),
  );
  expect(lshGraph({ ...call, order }).nodes.map(({ op }) => op)).toEqual(['lshAttention']);
  expect(lshGraph({ ...call, buckets: order }).nodes.map(({ op }) => op)).toEqual([
    'argsort',
    'lshAttention',
  ]);
  expect(Object.keys(lshInputs({ ...call, order }))).toEqual(['qk', 'v', 'order']);
});

test('graphs are remembered by shapes and options', () => {
  const graphs = new CallGraphs();
  const graph = graphs.of(lshCalls, call);
  expect(graphs.of(lshCalls, { ...call, qk: waves(1, 2, 20, 4) })).toBe(graph);
  const others: LshCall[] = [
    { ...call, seed: 1 },
    { ...call, bucketCount: [2, 2] },
    { ...call, preset: 'paper' },
  ];
  for (const other of others) expect(graphs.of(lshCalls, other)).not.toBe(graph);
});

test('a call runs on whatever backend there is, and says what it does not know', async () => {
  const attn = await createAttn({ backends: [fakeBackend('fake')] });
  const { out, order, buckets, backend } = await attn.lshAttention({ ...call, returnOrder: true });
  expect(out.shape).toEqual([1, 2, 20, 3]);
  expect([order?.shape, buckets?.shape]).toEqual([
    [1, 2, 2, 20],
    [1, 2, 2, 20],
  ]);
  expect(backend).toBe('fake');
  const wrong = { ...call, pattern: 'causal' };
  await expect(attn.lshAttention(wrong)).rejects.toThrow(
    '[attn/core] lshAttention: there is no option "pattern"; known are qk',
  );
  await attn.dispose();
});
