import { expect, test } from 'vitest';
import { causal } from '../patterns/causal.ts';
import { bool, f32 } from '../tensor.ts';
import { attentionGraph, attentionInputs, type AttentionCall } from './attention-call.ts';

const q = f32([1, 2, 3, 1], [1, 2, 3, 4, 5, 6]);

test('one node, with the call’s inputs and options', () => {
  const call: AttentionCall = {
    q,
    k: q,
    v: q,
    keyMask: bool([1, 3], [1, 1, 0]),
    returnLse: true,
    scale: 2,
    bias: undefined,
  };
  const graph = attentionGraph(call);
  expect([...graph.inputs.keys()]).toEqual(['q', 'k', 'v', 'keyMask']);
  expect([...graph.outputs.keys()]).toEqual(['out', 'lse']);
  expect(graph.nodes).toMatchObject([
    { op: 'attention', attributes: { scale: 2, pattern: { type: 'full' } } },
  ]);
  expect(attentionInputs(call)).toEqual({ q, k: q, v: q, keyMask: call.keyMask });
});

test('the key follows shapes and options, not data', () => {
  const key = (call: Partial<AttentionCall>) => attentionGraph({ q, k: q, v: q, ...call }).key;
  expect(key({})).toBe(key({ q: f32(q.shape, new Float32Array(6)), scale: undefined }));
  expect(key({})).not.toBe(key({ pattern: causal() }));
  expect(key({})).not.toBe(key({ layout: 'bnhd' }));
});

test('typing mistakes are found', () => {
  const mistaken = { q, k: q, v: q, keymask: q };
  expect(() => attentionGraph(mistaken)).toThrow(/there is no option "keymask"; known are q, k, v, keyMask/);
  expect(() => attentionGraph({ q, k: q } as AttentionCall)).toThrow(
    '[attn/core] attention: input v is required',
  );
  expect(() => attentionGraph({ q, k: q, v: [1] as never })).toThrow(
    '[attn/core] attention: v must be a tensor',
  );
});
