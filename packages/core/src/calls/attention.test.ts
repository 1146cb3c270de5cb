import { expect, test } from 'vitest';
import { causal } from '../patterns/causal.ts';
import { full } from '../patterns/full.ts';
import type { Pattern } from '../patterns/pattern.ts';
import { bool, f32 } from '../tensor.ts';
import { attention, type AttentionCall } from './attention.ts';

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
  const graph = attention(call).graph;
  expect([...graph.inputs.keys()]).toEqual(['q', 'k', 'v', 'keyMask']);
  expect([...graph.outputs.keys()]).toEqual(['out', 'lse']);
  expect(graph.nodes).toMatchObject([
    { op: 'attention', attributes: { scale: 2, pattern: { type: 'full' } } },
  ]);
  expect(attention(call).inputs).toEqual({ q, k: q, v: q, keyMask: call.keyMask });
});

test('sinks are an input of the graph', () => {
  const { graph, inputs } = attention({ q, k: q, v: q, sinks: f32([2], [0, 1]) });
  expect([...graph.inputs.keys()]).toEqual(['q', 'k', 'v', 'sinks']);
  expect(Object.keys(inputs)).toEqual(['q', 'k', 'v', 'sinks']);
  expect([...graph.outputs.keys()]).toEqual(['out']);
  expect(() => attention({ q, k: q, v: q, sinks: f32([3], [0, 1, 2]) }).graph).toThrow(
    '[attn/core] attention: sinks must be [heads] = [2], got [3]',
  );
});

test('the key follows shapes and options, not data', () => {
  const key = (call: Partial<AttentionCall>) => attention({ q, k: q, v: q, ...call }).graph.key;
  expect(key({})).toBe(key({ q: f32(q.shape, new Float32Array(6)), scale: undefined }));
  expect(key({})).not.toBe(key({ pattern: causal() }));
  expect(key({})).not.toBe(key({ layout: 'bnhd' }));
});

test('typing mistakes are found', () => {
  const mistaken = { q, k: q, v: q, keymask: q };
  expect(() => attention(mistaken).graph).toThrow(/there is no option "keymask"; did you mean keyMask\?/);
  expect(() => attention({ q, k: q } as AttentionCall).graph).toThrow(
    '[attn/core] attention: input v is required',
  );
  expect(() => attention({ q, k: q, v: [1] as never }).graph).toThrow(
    '[attn/core] attention: v must be a tensor',
  );
});

test.each([
  ['attnMask', 'write keyMask [batch, keys] for padding, a pattern such as causal(), '],
  ['attn_mask', 'write keyMask [batch, keys] for padding'],
  ['attentionMask', 'write keyMask [batch, keys] for padding'],
  ['attention_mask', 'write keyMask [batch, keys] for padding'],
  ['key_padding_mask', 'write keyMask [batch, keys] for padding'],
  ['block_mask', 'write keyMask [batch, keys] for padding'],
  ['isCausal', 'write pattern: causal()'],
  ['window_size', 'write pattern: slidingWindow({ before, after })'],
  ['attn_bias', 'write bias'],
  ['score_mod', 'write score: score((s, { b, h, q, k }) => …)'],
])('the option %s of another library', (name, instead) => {
  const message = `[attn/core] attention: there is no option "${name}"; ${instead}`;
  expect(() => attention({ q, k: q, v: q, [name]: q }).graph).toThrow(message);
});

test('calls of equal graphs have equal keys, and every call is checked', () => {
  const call: AttentionCall = { q, k: q, v: q, pattern: causal(), scale: 2 };
  const { key } = attention(call);
  expect(attention({ ...call, q: f32(q.shape, new Float32Array(6)), pattern: causal() }).key).toBe(key);
  const others: Partial<AttentionCall>[] = [
    { scale: 3 },
    { pattern: full() },
    { returnLse: true },
    { keyMask: bool([1, 3], [1, 1, 0]) },
  ];
  const keys = others.map((other) => attention({ ...call, ...other }).key);
  expect(new Set([key, ...keys]).size).toBe(1 + others.length);
  expect(() => attention({ ...call, q: { ...q, data: new Float32Array(5) } })).toThrow(
    'q of shape [1, 2, 3, 1] needs 6',
  );
});

test('options of a run are not options of a call', () => {
  const call = { q, k: q, v: q, signal: new AbortController().signal };
  expect(() => attention(call)).toThrow('signal is an option of the run: give it as the second argument');
});

test.each([
  ['attn_mask', 'a pattern such as causal(), slidingWindow(…), segments() or where(…) for who sees whom'],
  ['attentionMask', 'keyMask [batch, keys]'],
  ['is_causal', 'write pattern: causal()'],
  ['mask_mod', 'where(…) for who sees whom'],
  ['windowSize', 'write pattern: slidingWindow({ before, after })'],
])("another library's %s is answered with what to use", (name, advice) => {
  const call: AttentionCall = { q, k: q, v: q, [name]: true };
  expect(() => attention(call).graph).toThrow(`there is no option "${name}"; `);
  expect(() => attention(call).graph).toThrow(advice);
});

test('a formula that is no pattern yet is answered with where', () => {
  const pattern: unknown = ({ i, j }: { i: number; j: number }) => i >= j;
  expect(() => attention({ q, k: q, v: q, pattern: pattern as Pattern }).graph).toThrow(
    'pattern must be a pattern such as causal() (write where(({ q, k }) => …) for a formula, causal() with its brackets), got a function',
  );
});
