import { expect, test } from 'vitest';
import { causal } from '../patterns/causal.ts';
import { full } from '../patterns/full.ts';
import type { Pattern } from '../patterns/pattern.ts';
import { bool, f32 } from '../tensor.ts';
import { attentionCalls, attentionGraph, attentionInputs, type AttentionCall } from './attention.ts';
import { CallGraphs } from './call.ts';

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
  expect(() => attentionGraph(mistaken)).toThrow(/there is no option "keymask"; did you mean keyMask\?/);
  expect(() => attentionGraph({ q, k: q } as AttentionCall)).toThrow(
    '[attn/core] attention: input v is required',
  );
  expect(() => attentionGraph({ q, k: q, v: [1] as never })).toThrow(
    '[attn/core] attention: v must be a tensor',
  );
});

test.each([
  ['mask', 'write keyMask [batch, keys] for padding, a pattern such as causal(), '],
  ['attnMask', 'write keyMask [batch, keys] for padding'],
  ['attn_mask', 'write keyMask [batch, keys] for padding'],
  ['attentionMask', 'write keyMask [batch, keys] for padding'],
  ['attention_mask', 'write keyMask [batch, keys] for padding'],
  ['key_padding_mask', 'write keyMask [batch, keys] for padding'],
  ['block_mask', 'write keyMask [batch, keys] for padding'],
  ['isCausal', 'write pattern: causal()'],
  ['window_size', 'write pattern: slidingWindow({ before, after })'],
  ['attn_bias', 'write bias'],
  ['score_mod', 'write bias, alibiSlopes, relativeBias or softcap'],
])('the option %s of another library', (name, instead) => {
  const message = `[attn/core] attention: there is no option "${name}"; ${instead}`;
  expect(() => attentionGraph({ q, k: q, v: q, [name]: q })).toThrow(message);
  expect(() => new CallGraphs().of(attentionCalls, { q, k: q, v: q, [name]: q })).toThrow(message);
});

test('graphs of calls are remembered by shapes and options, and every call is checked', () => {
  const graphs = new CallGraphs();
  const call: AttentionCall = { q, k: q, v: q, pattern: causal(), scale: 2 };
  const graph = graphs.of(attentionCalls, call);
  expect(
    graphs.of(attentionCalls, { ...call, q: f32(q.shape, new Float32Array(6)), pattern: causal() }),
  ).toBe(graph);
  expect(graph.key).toBe(attentionGraph(call).key);
  for (const other of [
    { scale: 3 },
    { pattern: full() },
    { returnLse: true },
    { keyMask: bool([1, 3], [1, 1, 0]) },
  ]) {
    expect(graphs.of(attentionCalls, { ...call, ...other }).key).toBe(
      attentionGraph({ ...call, ...other }).key,
    );
    expect(graphs.of(attentionCalls, { ...call, ...other })).not.toBe(graph);
  }
  expect(() => graphs.of(attentionCalls, { ...call, q: { ...q, data: new Float32Array(5) } })).toThrow(
    'q of shape [1, 2, 3, 1] needs 6',
  );
  expect(() => graphs.of(attentionCalls, { ...call, keymask: q } as AttentionCall)).toThrow(
    'there is no option "keymask"',
  );
});

test.each([
  ['mask', 'keyMask [batch, keys]'],
  ['attn_mask', 'a pattern such as causal(), slidingWindow(…), segments() or where(…) for who sees whom'],
  ['attentionMask', 'keyMask [batch, keys]'],
  ['is_causal', 'write pattern: causal()'],
  ['mask_mod', 'where(…) for who sees whom'],
  ['windowSize', 'write pattern: slidingWindow({ before, after })'],
])("another library's %s is answered with what to use", (name, advice) => {
  const call: AttentionCall = { q, k: q, v: q, [name]: true };
  expect(() => attentionGraph(call)).toThrow(`there is no option "${name}"; `);
  expect(() => attentionGraph(call)).toThrow(advice);
});

test('a formula that is no pattern yet is answered with where', () => {
  const pattern: unknown = ({ i, j }: { i: number; j: number }) => i >= j;
  expect(() => attentionGraph({ q, k: q, v: q, pattern: pattern as Pattern })).toThrow(
    'pattern must be a pattern such as causal() (write where(({ q, k }) => …) for a formula, causal() with its brackets), got a function',
  );
});
