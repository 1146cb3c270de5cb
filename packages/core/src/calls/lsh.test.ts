import { expect, test } from 'vitest';
import { f32, i32, type Tensor } from '../tensor.ts';
import { createAttn } from '../run/create-attn.ts';
import { fakeBackend } from '../run/fake-backend.testing.ts';
import { lsh, type LshCall } from './lsh.ts';

const waves = (...shape: number[]): Tensor =>
  f32(
    shape,
    Float32Array.from({ length: shape.reduce((size, extent) => size * extent, 1) }, (_, i) => Math.sin(i)),
  );
const [q, v] = [waves(1, 2, 20, 4), waves(1, 2, 20, 3)];
const call: LshCall = { q, v, chunkLength: 4, rounds: 2 };

test('hashed, sorted and attended; orders and buckets on request', () => {
  expect(lsh(call).graph.nodes.map(({ op }) => op)).toEqual(['lshHash', 'argsort', 'lshAttention']);
  expect([...lsh(call).graph.outputs.keys()]).toEqual(['out']);
  const whole = lsh({ ...call, returnLse: true, returnOrder: true }).graph;
  expect([...whole.outputs.keys()]).toEqual(['out', 'lse', 'buckets', 'order']);
});

test('what is given is not computed again', () => {
  const order = i32(
    [1, 2, 2, 20],
    Array.from({ length: 80 }, (_, at) => at % 20),
  );
  expect(lsh({ ...call, order }).graph.nodes.map(({ op }) => op)).toEqual(['lshAttention']);
  expect(lsh({ ...call, buckets: order }).graph.nodes.map(({ op }) => op)).toEqual([
    'argsort',
    'lshAttention',
  ]);
  expect(Object.keys(lsh({ ...call, order }).inputs)).toEqual(['q', 'v', 'order']);
});

test('the key follows shapes and options', () => {
  const { key } = lsh(call);
  expect(lsh({ ...call, q: waves(1, 2, 20, 4) }).key).toBe(key);
  const others: LshCall[] = [
    { ...call, seed: 1 },
    { ...call, bucketCount: [2, 2] },
    { ...call, preset: 'paper' },
  ];
  for (const other of others) expect(lsh(other).key).not.toBe(key);
});

test('a call runs on whatever backend there is, and says what it does not know', async () => {
  const attn = await createAttn({ backends: [fakeBackend('fake')] });
  const { out, order, buckets, backend } = await attn.run(lsh({ ...call, returnOrder: true }));
  expect(out.shape).toEqual([1, 2, 20, 3]);
  expect([order.shape, buckets?.shape]).toEqual([
    [1, 2, 2, 20],
    [1, 2, 2, 20],
  ]);
  expect(backend).toBe('fake');
  const wrong = { ...call, pattern: 'causal' };
  expect(() => lsh(wrong)).toThrow('[attn/core] lsh: there is no option "pattern"; known are q, v');
  await attn.dispose();
});
