import { expect, test } from 'vitest';
import { bool, f32, type Tensor } from '../tensor.ts';
import { createAttn } from '../run/create-attn.ts';
import { fakeBackend } from '../run/fake-backend.testing.ts';
import { linformer, type LinformerCall } from './linformer.ts';

const counting = (...shape: number[]): Tensor =>
  f32(
    shape,
    Float32Array.from({ length: shape.reduce((size, extent) => size * extent, 1) }, (_, i) => i / 9),
  );
const [q, k, v, E] = [counting(1, 2, 3, 2), counting(1, 2, 4, 2), counting(1, 2, 4, 1), counting(2, 4)];
const keyMask = bool([1, 4], [1, 0, 1, 1]);
const call: LinformerCall = { q, k, v, E, keyMask, scale: 2 };

test('inputs are named as in the call; a list has a number each', () => {
  expect([...linformer(call).graph.inputs.keys()]).toEqual(['q', 'k', 'v', 'keyMask', 'E']);
  expect([...linformer({ ...call, returnLse: true }).graph.outputs.keys()]).toEqual(['out', 'lse']);
  const listed: LinformerCall = { ...call, E: [E, counting(3, 4)] };
  expect([...linformer(listed).graph.inputs.keys()]).toEqual(['q', 'k', 'v', 'keyMask', 'E0', 'E1']);
  expect(Object.keys(linformer(listed).inputs)).toEqual(['q', 'k', 'v', 'keyMask', 'E0', 'E1']);
});

test('keys that are the values are fed and projected once', () => {
  const shared: LinformerCall = { q, k, v: k, E };
  const graph = linformer(shared).graph;
  expect([...graph.inputs.keys()]).toEqual(['q', 'k', 'E']);
  expect(graph.nodes.map(({ op }) => op)).toEqual(['matmul', 'attention']);
  expect(Object.keys(linformer(shared).inputs)).toEqual(['q', 'k', 'E']);
});

test('the key follows shapes and options', () => {
  const { key } = linformer(call);
  expect(linformer({ ...call, E: counting(2, 4) }).key).toBe(key);
  const pooled: LinformerCall = { q, k, v, projection: 'meanPool', projectedLength: [1, 2] };
  const others: LinformerCall[] = [
    { ...call, scale: 3 },
    { ...call, E: counting(3, 4) },
    { ...call, E: [E, E] },
    { ...call, v: k },
    pooled,
    { ...pooled, projectedLength: [2, 2] },
    { ...pooled, projectedLength: 2 },
  ];
  const all = [key, ...others.map((other) => linformer(other).key)];
  expect(new Set(all).size).toBe(all.length);
});

test('says what is wrong', () => {
  const mistaken = { ...call, e: E };
  expect(() => linformer(mistaken).graph).toThrow(
    '[attn/core] linformer: there is no option "e"; did you mean E?',
  );
  const causal = { ...call, causal: true };
  expect(() => linformer(causal).graph).toThrow('each projected key mixes all positions');
  expect(() => linformer({ q, k, E } as LinformerCall).graph).toThrow(
    '[attn/core] linformer: input v is required',
  );
  expect(() => linformer({ ...call, E: [E, [1]] as never }).graph).toThrow('E1 must be a tensor');
});

test('runs like any call', async () => {
  const attn = await createAttn({ backends: [fakeBackend('a'), fakeBackend('b')] });
  const { out, lse, backend } = await attn.run(linformer({ ...call, returnLse: true }), { backend: 'b' });
  expect([out.shape, lse.shape, backend]).toEqual([[1, 2, 3, 1], [1, 2, 3], 'b']);
  await expect(attn.run(linformer({ q, k, v }))).rejects.toMatchObject({ code: 'MISSING_INPUT' });
  expect(attn.explain().map(({ chosen }) => chosen)).toEqual([false, true]);
});
