import { expect, test } from 'vitest';
import { bool, f32, type Tensor } from '../tensor.ts';
import { CallGraphs } from './call.ts';
import { createAttn } from '../run/create-attn.ts';
import { fakeBackend } from '../run/fake-backend.testing.ts';
import { linformerCalls, linformerGraph, linformerInputs, type LinformerCall } from './linformer.ts';

const counting = (...shape: number[]): Tensor =>
  f32(
    shape,
    Float32Array.from({ length: shape.reduce((size, extent) => size * extent, 1) }, (_, i) => i / 9),
  );
const [q, k, v, E] = [counting(1, 2, 3, 2), counting(1, 2, 4, 2), counting(1, 2, 4, 1), counting(2, 4)];
const keyMask = bool([1, 4], [1, 0, 1, 1]);
const call: LinformerCall = { q, k, v, E, keyMask, scale: 2 };

test('inputs are named as in the call; a list has a number each', () => {
  expect([...linformerGraph(call).inputs.keys()]).toEqual(['q', 'k', 'v', 'keyMask', 'E']);
  expect([...linformerGraph({ ...call, returnLse: true }).outputs.keys()]).toEqual(['out', 'lse']);
  const listed: LinformerCall = { ...call, E: [E, counting(3, 4)] };
  expect([...linformerGraph(listed).inputs.keys()]).toEqual(['q', 'k', 'v', 'keyMask', 'E0', 'E1']);
  expect(Object.keys(linformerInputs(listed))).toEqual(['q', 'k', 'v', 'keyMask', 'E0', 'E1']);
});

test('keys that are the values are fed and projected once', () => {
  const shared: LinformerCall = { q, k, v: k, E };
  const graph = linformerGraph(shared);
  expect([...graph.inputs.keys()]).toEqual(['q', 'k', 'E']);
  expect(graph.nodes.map(({ op }) => op)).toEqual(['matmul', 'attention']);
  expect(Object.keys(linformerInputs(shared))).toEqual(['q', 'k', 'E']);
});

test('graphs are remembered by shapes and options', () => {
  const graphs = new CallGraphs();
  const graph = graphs.of(linformerCalls, call);
  expect(graphs.of(linformerCalls, { ...call, E: counting(2, 4) })).toBe(graph);
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
  const all = [graph, ...others.map((other) => graphs.of(linformerCalls, other))];
  expect(new Set(all).size).toBe(all.length);
  others.forEach((other, i) => expect(graphs.of(linformerCalls, other)).toBe(all[i + 1]));
});

test('says what is wrong', () => {
  const mistaken = { ...call, e: E };
  expect(() => linformerGraph(mistaken)).toThrow(
    '[attn/core] linformerAttention: there is no option "e"; did you mean E?',
  );
  const causal = { ...call, causal: true };
  expect(() => linformerGraph(causal)).toThrow('each projected key mixes all positions');
  expect(() => linformerGraph({ q, k, E } as LinformerCall)).toThrow(
    '[attn/core] linformerAttention: input v is required',
  );
  expect(() => linformerGraph({ ...call, E: [E, [1]] as never })).toThrow('E1 must be a tensor');
});

test('runs like any call', async () => {
  const attn = await createAttn({ backends: [fakeBackend('a'), fakeBackend('b')] });
  const { out, lse, backend } = await attn.linformerAttention({ ...call, returnLse: true, backend: 'b' });
  expect([out.shape, lse?.shape, backend]).toEqual([[1, 2, 3, 1], [1, 2, 3], 'b']);
  await expect(attn.linformerAttention({ q, k, v })).rejects.toMatchObject({ code: 'MISSING_INPUT' });
  expect(attn.explain().map(({ chosen }) => chosen)).toEqual([false, true]);
});
