import { expect, test } from 'vitest';
import { attention } from '../../calls/attention.ts';
import { AttnError } from '../../errors.ts';
import { score } from '../../scores/score.ts';
import { bool, f32, i32, type Tensor } from '../../tensor.ts';

const x = f32([1, 2, 4, 2], new Float32Array(16));
const qkv = { q: x, k: x, v: x };
const bias = score((s, { q, k, table }) => s.add(table('bias').at(q, k)));

function refusal(make: () => { readonly graph: object }): string {
  try {
    void make().graph;
  } catch (error) {
    if (error instanceof AttnError) return `${error.code} ${error.sentence}`;
  }
  return '';
}

const call = (tables: Record<string, Tensor>, of = bias) => attention({ ...qkv, score: of, tables });

test('tables that the score cannot read', () => {
  expect(refusal(() => attention({ ...qkv, score: bias }))).toBe(
    'MISSING_INPUT the score needs the table bias',
  );
  expect(refusal(() => call({ bias: f32([4], [1, 2, 3, 4]) }))).toContain(
    'INVALID_SHAPE tables.bias must be',
  );
  expect(refusal(() => call({ bias: f32([0, 4], []) }))).toContain('INVALID_SHAPE tables.bias must be');
  expect(refusal(() => call({ bias: i32([1, 1], [1]) }))).toContain('INVALID_DTYPE tables.bias must be f32');
  expect(refusal(() => call({ bias: bool([1, 1], [1]) }))).toContain('INVALID_DTYPE');
});

test('tables that the score does not read', () => {
  const single = f32([1, 1], [1]);
  expect(refusal(() => call({ bias: single, other: single }))).toBe(
    'INVALID_ARGUMENT the score reads no table but bias, got "other"',
  );
  expect(refusal(() => attention({ ...qkv, tables: { bias: single } }))).toContain(
    'the score reads no tables',
  );
});

test('divisors that are not positive in some head', () => {
  const even = score((s, { h, k }) => s.add(k.div(h)));
  expect(refusal(() => attention({ ...qkv, score: even }))).toContain(
    "the score's div must divide by a positive number, got 0 in head 0 of batch row 0",
  );
  const next = score((s, { h, k }) => s.add(k.div(h.add(1))));
  expect(refusal(() => attention({ ...qkv, score: next }))).toBe('');
});

test('what is no score', () => {
  const wrong = ['neg', 's'] as unknown as typeof bias;
  expect(() => attention({ ...qkv, score: wrong })).toThrow('score must be a score, as score((s');
});

test('equal scores have equal keys, whatever is in their tables', () => {
  const keys = [1, 2].map((value) => {
    const build = score((s, { q, k, table }) => s.add(table('bias').at(q, k)));
    const { key, graph } = call({ bias: f32([1, 1], [value]) }, build);
    expect(key).toBeDefined();
    return `${key} ${graph.key}`;
  });
  expect(keys[0]).toBe(keys[1]);
  const other = score((s, { q, k, table }) => s.sub(table('bias').at(q, k)));
  expect(call({ bias: f32([1, 1], [1]) }, other).graph.key).not.toBe(
    call({ bias: f32([1, 1], [1]) }).graph.key,
  );
});

test('a function is a score, too', () => {
  const { graph, key } = attention({ ...qkv, score: (s, { q, k }) => s.sub(q.sub(k).abs()) });
  expect(key).toBe(attention({ ...qkv, score: score(['sub', 's', ['abs', ['sub', 'q', 'k']]]) }).key);
  expect(graph.nodes).toHaveLength(1);
});
