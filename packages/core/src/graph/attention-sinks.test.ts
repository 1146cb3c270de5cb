import { expect, test } from 'vitest';
import { expectError, spec } from '../ops/ops.testing.ts';
import { full } from '../patterns/full.ts';
import { f32, type TensorSpec } from '../tensor.ts';
import { GraphBuilder } from './builder.ts';
import { evaluateReference } from './evaluate.ts';

/** The ops of attention over 5 tokens with these sinks. */
function build(sinks: TensorSpec, returnLse?: boolean, dtype: 'f32' | 'f16' = 'f32') {
  const builder = new GraphBuilder();
  const x = builder.input('x', spec([1, 2, 5, 4], dtype));
  const inputs = { q: x, k: x, v: x, sinks: builder.input('sinks', sinks) };
  const { out, lse } = builder.attention(inputs, { pattern: full(), returnLse });
  const { nodes } = builder.build(lse ? { out, lse } : { out });
  return nodes.map(({ op }) => op);
}

test('a few ops, of which one is attention where nothing else is asked for', () => {
  expect(build(spec([2]))).toEqual(['attention', 'reshape', 'max', 'sub', 'sigmoid', 'reshape', 'mul']);
  const attentions = (ops: readonly string[]): number => ops.filter((op) => op === 'attention').length;
  expect(attentions(build(spec([2]), true))).toBe(2);
  expect(attentions(build(spec([2]), false, 'f16'))).toBe(2);
  expect(attentions(build(spec([2], 'f16'), false, 'f16'))).toBe(3);
});

test('a sink takes its share', () => {
  const builder = new GraphBuilder();
  const zeros = builder.constant(f32([1, 1, 3, 1], [0, 0, 0]));
  const v = builder.constant(f32([1, 1, 3, 1], [1, 2, 6]));
  const sinks = builder.constant(f32([1], [Math.log(6)]));
  const { out, lse } = builder.attention(
    { q: zeros, k: zeros, v, sinks },
    { pattern: full(), returnLse: true },
  );
  if (lse === undefined) throw new Error('no lse');
  const values = evaluateReference(builder.build({ out, lse }), {});
  for (const value of values.out.data) expect(value).toBeCloseTo(1, 6); // 3 · 3 / (3 + 6)
  for (const value of values.lse.data) expect(value).toBeCloseTo(Math.log(9), 6);
});

test('says what does not fit', () => {
  expectError(() => build(spec([3])), 'INVALID_SHAPE', 'attention: sinks must be [heads] = [2], got [3]');
  expectError(
    () => build(spec([1, 2])),
    'INVALID_SHAPE',
    'attention: sinks must be [heads] = [2], got [1, 2]',
  );
  expectError(() => build(spec([2], 'f16')), 'INVALID_DTYPE', 'attention: sinks must be f32, got f16');
  expectError(
    () => build(spec([2], 'i32'), false, 'f16'),
    'INVALID_DTYPE',
    'attention: sinks must be f16 or f32, got i32',
  );
  expectError(
    () => build(spec([2]), 'yes' as never),
    'INVALID_ARGUMENT',
    'attention: returnLse must be true or false, got "yes"',
  );
  const builder = new GraphBuilder();
  const x = builder.input('x', spec([1, 2, 5, 4]));
  expectError(
    () => builder.attention({ q: x, k: x, v: x, sinks: 3 as never }, { pattern: full() }),
    'INVALID_GRAPH',
    'graph: input sinks of attention must be a value of this builder, got 3',
  );
});
