import { describe, expect, test } from 'vitest';
import { GraphBuilder } from '../../graph/builder.ts';
import { OP_NAMES, ops } from '../index.ts';
import { counting, expectError, reference, spec } from '../ops.testing.ts';
import { references } from '../references.ts';
import { ACTIVATIONS, BINARY_OPS, UNARY_FUNCTIONS, UNARY_OPS, unaryFunction } from './names.ts';
import { BINARY_MEANING, UNARY_MEANING, type BinaryOp, type UnaryFunction } from './table.ts';

describe('functions of one number', () => {
  test.each<[UnaryFunction, number, number]>([
    ['gelu', 1, 0.841344746068543],
    ['gelu', -1, -0.158655253931457],
    ['gelu_tanh', 1, 0.8411919906082768],
    ['relu', -3, 0],
    ['relu', 3, 3],
    ['tanh', 0.5, 0.46211715726000976],
    ['silu', 2, 1.7615941559557649],
    ['silu', -1, -0.2689414213699951],
    ['sigmoid', 2, 0.8807970779778823],
    ['exp', -1, 0.36787944117144233],
    ['square', -3, 9],
    ['rsqrt', 4, 0.5],
  ])('%s(%d)', (name, x, expected) => {
    expect(UNARY_MEANING[name].f(x)).toBeCloseTo(expected, 14);
  });

  test('gelu keeps its digits in the tail', () => {
    expect(UNARY_MEANING.gelu.f(-10) / -7.619853024160525e-23).toBeCloseTo(1, 12);
  });

  test.each<[UnaryFunction, number, number]>([
    ['gelu', 0, Infinity],
    ['gelu_tanh', 0, Infinity],
    ['relu', 0, Infinity],
    ['tanh', -1, 1],
    ['silu', 0, Infinity],
    ['sigmoid', 0, 1],
    ['exp', 0, Infinity],
    ['square', Infinity, Infinity],
    ['rsqrt', NaN, 0],
  ])('%s has its limits at ±∞, %d and %d, and keeps NaN', (name, low, high) => {
    const { f } = UNARY_MEANING[name];
    expect([f(-Infinity) + 0, f(Infinity)]).toEqual([low, high]);
    expect(f(NaN)).toBeNaN();
  });

  test('rsqrt at zeros and below', () => {
    expect([0, -0, -1].map(UNARY_MEANING.rsqrt.f)).toEqual([Infinity, -Infinity, NaN]);
  });

  test('a slope is the greatest there is, and every function without one is monotonic', () => {
    for (const name of ACTIVATIONS) {
      const { f, slope } = UNARY_MEANING[name];
      const values = Array.from({ length: 4001 }, (_, i) => f((i - 2000) / 200));
      const rises = values.slice(1).map((value, i) => 200 * (value - values[i]));
      if (slope === undefined) expect(Math.min(...rises), name).toBeGreaterThanOrEqual(0);
      else expect(Math.max(...rises.map(Math.abs)), name).toBeLessThan(slope);
    }
  });
});

describe('functions of two numbers', () => {
  test.each<[BinaryOp, number, number, number]>([
    ['add', 2, 3, 5],
    ['sub', 2, 3, -1],
    ['mul', 2, 3, 6],
    ['div', 3, 2, 1.5],
    ['div', -1, 0, -Infinity],
    ['div', 1, -0, -Infinity],
    ['div', 0, 0, NaN],
    ['max', 2, 3, 3],
    ['min', 2, 3, 2],
    ['max', -Infinity, 3, 3],
    ['min', -Infinity, 3, -Infinity],
  ])('%s of %d and %d', (name, a, b, expected) => {
    expect(BINARY_MEANING[name].f(a, b)).toBe(expected);
  });

  test.each(BINARY_OPS)('%s of NaN is NaN', (name) => {
    const { f } = BINARY_MEANING[name];
    expect([f(NaN, 1), f(1, NaN), f(NaN, NaN), f(NaN, Infinity), f(-Infinity, NaN)]).toEqual(
      Array(5).fill(NaN),
    );
  });
});

describe('the ops that follow from the table', () => {
  const x = reference([3], [-1, 0.5, 2]);

  test.each(UNARY_OPS.filter((op) => op !== 'gelu'))('%s has the shape of x', (op) => {
    expect(ops[op].infer({ x: spec([2, 0], 'f16') }, {})).toEqual([spec([2, 0], 'f16')]);
    expect(references[op]({ x }, {})).toEqual([reference([3], x.data.map(UNARY_MEANING[op].f))]);
    expect(ops[op].flops({ x: spec([2, 3]) }, {})).toBeGreaterThanOrEqual(6);
  });

  test('gelu is two functions', () => {
    expect(references.gelu({ x }, { approximate: 'none' })[0].data).toEqual(x.data.map(UNARY_MEANING.gelu.f));
    expect(references.gelu({ x }, { approximate: 'tanh' })[0].data).toEqual(
      x.data.map(UNARY_MEANING.gelu_tanh.f),
    );
    expect(ops.gelu.infer({ x: spec([4]) }, { approximate: 'tanh' })).toEqual([spec([4])]);
    expect(unaryFunction({ op: 'gelu', attributes: { approximate: 'tanh' } })).toBe('gelu_tanh');
    expect(unaryFunction({ op: 'gelu', attributes: { approximate: 'none' } })).toBe('gelu');
    expect(unaryFunction({ op: 'silu', attributes: {} })).toBe('silu');
  });

  test.each(BINARY_OPS)('shapes of %s broadcast like NumPy', (op) => {
    expect(ops[op].infer({ a: spec([2, 1, 4]), b: spec([3, 1]) }, {})).toEqual([spec([2, 3, 4])]);
    expect(ops[op].infer({ a: spec([], 'f16'), b: spec([0, 2], 'f16') }, {})).toEqual([spec([0, 2], 'f16')]);
    expect(ops[op].flops({ a: spec([2, 1, 4]), b: spec([3, 1]) }, {})).toBe(24);
    const { f } = BINARY_MEANING[op];
    const [rows, tens] = [counting([2, 3]), reference([2, 1], [10, 100])];
    const expected = [0, 1, 2, 3, 4, 5].map((value, i) => f(value, i < 3 ? 10 : 100));
    expect(references[op]({ a: rows, b: tens }, {})).toEqual([reference([2, 3], expected)]);
  });

  test('each has a method, whose operands keep their order', () => {
    const builder = new GraphBuilder();
    const [a, b] = ['a', 'b'].map((name) => builder.input(name, spec([2])));
    for (const op of BINARY_OPS) {
      const graph = builder.build({ y: builder[op](a, b) });
      expect(graph.nodes.map(({ op: name, inputs }) => [name, inputs])).toEqual([[op, { a: a.id, b: b.id }]]);
    }
    for (const op of UNARY_OPS) expect(builder.build({ y: builder[op](a) }).nodes[0]).toMatchObject({ op });
  });

  test('names', () => {
    expect(OP_NAMES).toEqual(expect.arrayContaining([...UNARY_OPS, ...BINARY_OPS]));
    expect(OP_NAMES).not.toContain('gelu_tanh');
    expect(UNARY_FUNCTIONS).toContain('gelu_tanh');
    expect(ACTIVATIONS).toEqual(
      expect.arrayContaining(['gelu', 'gelu_tanh', 'relu', 'tanh', 'silu', 'sigmoid']),
    );
    expect(ACTIVATIONS).not.toContain('exp');
  });
});

test('says what does not fit', () => {
  const { add, mul, gelu, tanh } = ops;
  expectError(
    () => add.infer({ a: spec([2, 3]), b: spec([2]) }, {}),
    'INVALID_SHAPE',
    'add: shapes [2, 3] and [2] do not broadcast',
  );
  expectError(
    () => mul.infer({ a: spec([2]), b: spec([2], 'f16') }, {}),
    'INVALID_DTYPE',
    'mul: b must be f32 like a, got f16',
  );
  expectError(() => add.infer({ a: spec([2]) }, {}), 'MISSING_INPUT', 'add: input b is required');
  expectError(
    () => add.infer({ a: spec([2]), b: spec([2]), c: spec([2]) }, {}),
    'INVALID_ARGUMENT',
    'add: there is no input "c"; known are a, b',
  );
  expectError(
    () => gelu.infer({ x: spec([4]) }, { approximate: 'fast' as never }),
    'INVALID_ARGUMENT',
    'gelu: approximate must be "none" or "tanh", got "fast"',
  );
  expectError(
    () => tanh.infer({ x: spec([4], 'bool') }, {}),
    'INVALID_DTYPE',
    'tanh: x must be f32 or f16, got bool',
  );
});
