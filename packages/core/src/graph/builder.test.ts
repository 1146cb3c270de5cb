import { describe, expect, test } from 'vitest';
import { causal } from '../patterns/causal.ts';
import { full } from '../patterns/full.ts';
import { f32, i32 } from '../tensor.ts';
import { GraphBuilder, type Value } from './builder.ts';
import { evaluateReference } from './evaluate.ts';
import { inputSpecs } from './graph.ts';

const matrix = { dtype: 'f32', shape: [2, 3] } as const;

describe('methods', () => {
  test('every op has one, and each knows its shape', () => {
    const builder = new GraphBuilder();
    const x = builder.input('x', matrix);
    const ids = builder.input('ids', { dtype: 'i32', shape: [4] });
    const weight = builder.constant(f32([5, 3], new Float32Array(15)), 'weight');
    const visible = builder.input('visible', { dtype: 'bool', shape: [2, 1] });
    const heads = builder.input('heads', { dtype: 'f32', shape: [1, 2, 6, 4] });
    const shapes: Record<string, [Value, number[]]> = {
      linear: [builder.linear(x, weight, undefined, { activation: 'gelu' }), [2, 5]],
      matmul: [builder.matmul(x, weight, { transposeB: true }), [2, 5]],
      sub: [builder.sub(x, x), [2, 3]],
      div: [builder.div(x, x), [2, 3]],
      layerNorm: [builder.layerNorm(x), [2, 3]],
      gelu: [builder.gelu(x), [2, 3]],
      silu: [builder.silu(x), [2, 3]],
      rsqrt: [builder.rsqrt(x), [2, 3]],
      softmax: [builder.softmax(x), [2, 3]],
      reduce: [builder.reduce(x, 0, 'mean'), [3]],
      mask: [builder.mask(x, visible), [2, 3]],
      embedding: [builder.embedding(ids, weight), [4, 3]],
      gather: [builder.gather(x, ids, 1), [2, 4]],
      reshape: [builder.reshape(x, [3, -1]), [3, 2]],
      transpose: [builder.transpose(x, [1, 0]), [3, 2]],
      slice: [builder.slice(x, [0, 1], [2, 3]), [2, 2]],
      concat: [builder.concat([x, x, x], 0), [6, 3]],
      attention: [builder.attention({ q: heads, k: heads, v: heads }, { pattern: full() }).out, [1, 2, 6, 4]],
    };
    for (const [op, [value, shape]] of Object.entries(shapes)) expect(value.shape, op).toEqual(shape);
    const graph = builder.build(
      Object.fromEntries(Object.entries(shapes).map(([op, [value]]) => [op, value])),
    );
    expect(graph.nodes.map(({ op }) => op)).toEqual(Object.keys(shapes));
  });

  test('argmax is the place of the greatest number of each row', () => {
    const builder = new GraphBuilder();
    const x = builder.input('x', { dtype: 'f32', shape: [2, 2, 3] });
    const places = builder.argmax(x);
    expect([places.dtype, places.shape]).toEqual(['i32', [2, 2]]);
    const graph = builder.build({ places });
    const numbers = f32([2, 2, 3], [1, 3, 3, NaN, -5, -4, NaN, NaN, -Infinity, 0, -0, -1]);
    const { places: result } = evaluateReference(graph, { x: numbers });
    expect([...result.data]).toEqual([1, 2, 0, 0]);
  });

  test('nodes hold resolved attributes and specs by name', () => {
    const builder = new GraphBuilder();
    const x = builder.input('x', matrix);
    const graph = builder.build({ y: builder.reshape(builder.softmax(x, -1), [-1]) });
    expect(graph.nodes.map(({ attributes }) => attributes)).toEqual([{ axis: 1 }, { shape: [6] }]);
    expect(inputSpecs(graph, graph.nodes[0])).toEqual({ x: matrix });
    expect(graph.names).toEqual(new Map([[0, 'x']]));
  });

  test('lse comes only when asked for', () => {
    const builder = new GraphBuilder();
    const q = builder.input('q', { dtype: 'f32', shape: [1, 1, 2, 4] });
    const inputs = { q, k: q, v: q };
    expect(builder.attention(inputs, { pattern: full() }).lse).toBeUndefined();
    expect(builder.attention(inputs, { pattern: full(), returnLse: true }).lse?.shape).toEqual([1, 1, 2]);
  });
});

describe('build', () => {
  test('drops what no output needs, but keeps inputs', () => {
    const builder = new GraphBuilder();
    builder.input('unused', matrix);
    const x = builder.input('x', matrix);
    const unusedWeight = builder.constant(f32([3], [1, 2, 3]));
    builder.add(x, unusedWeight);
    const graph = builder.build({ y: builder.relu(x) });
    expect(graph.nodes.map(({ op }) => op)).toEqual(['relu']);
    expect([...graph.inputs]).toEqual([
      ['unused', 0],
      ['x', 1],
    ]);
    expect(graph.constants.size).toBe(0);
    expect(graph.values).toEqual([matrix, matrix, matrix]);
    expect(graph.nodes[0]).toMatchObject({ inputs: { x: 1 }, outputs: [2] });
  });

  test('inputs and constants can be outputs', () => {
    const builder = new GraphBuilder();
    const x = builder.input('x', matrix);
    const graph = builder.build({ x, c: builder.constant(f32([], [7])) });
    expect(graph.nodes).toEqual([]);
    expect([...graph.outputs.keys()]).toEqual(['x', 'c']);
  });
});

describe('the key', () => {
  const bias = f32([3], [1, 2, 3]);
  const build = (
    options: { constant?: typeof bias; name?: string; op?: 'relu' | 'tanh'; shape?: number[] } = {},
  ) => {
    const builder = new GraphBuilder();
    const x = builder.input(options.name ?? 'x', { dtype: 'f32', shape: options.shape ?? [2, 3] });
    const sum = builder.add(x, builder.constant(options.constant ?? bias));
    return builder.build({ y: builder[options.op ?? 'relu'](sum) }).key;
  };

  test('is equal for equal graphs', () => {
    expect(build()).toBe(build());
  });

  test('differs with structure, shapes, names and the identity of constants', () => {
    const others = [
      { op: 'tanh' },
      { shape: [1, 3] },
      { name: 'z' },
      { constant: f32([3], [1, 2, 3]) },
    ] as const;
    const keys = others.map((other) =>
      build({ ...other, shape: 'shape' in other ? [...other.shape] : undefined }),
    );
    expect(new Set([build(), ...keys]).size).toBe(others.length + 1);
  });

  test('differs with the pattern', () => {
    const keys = [full(), causal(), causal()].map((pattern) => {
      const builder = new GraphBuilder();
      const q = builder.input('q', { dtype: 'f32', shape: [1, 1, 2, 4] });
      return builder.build({ out: builder.attention({ q, k: q, v: q }, { pattern }).out }).key;
    });
    expect(keys[1]).toBe(keys[2]);
    expect(keys[0]).not.toBe(keys[1]);
    expect(keys[0]).toMatch(/^attention#/);
  });
});

describe('errors', () => {
  const builder = new GraphBuilder();
  const x = builder.input('x', matrix);
  test.each([
    ['a taken name', () => builder.input('x', matrix), 'INVALID_GRAPH', /must differ, got "x" twice/],
    [
      'a constant named like an input',
      () => builder.constant(f32([], [1]), 'x'),
      'INVALID_GRAPH',
      /"x" twice/,
    ],
    [
      'a foreign value',
      () => builder.relu(new GraphBuilder().input('x', matrix)),
      'INVALID_GRAPH',
      /input x of relu/,
    ],
    [
      'a made-up value',
      () => builder.build({ y: { ...x } }),
      'INVALID_GRAPH',
      /output y must be a value of this builder/,
    ],
    ['no value', () => builder.build({ y: undefined as never }), 'INVALID_GRAPH', /got undefined/],
    ['no outputs', () => builder.build({}), 'INVALID_GRAPH', /at least one output/],
    [
      'an impossible shape',
      () => builder.input('y', { dtype: 'f32', shape: [-1] }),
      'INVALID_SHAPE',
      /\[-1\]/,
    ],
    [
      'a broken constant',
      () => builder.constant({ ...i32([1], [1]), shape: [2] }),
      'INVALID_SHAPE',
      /constant/,
    ],
    [
      'an input named like what all objects have',
      () => builder.input('toString', matrix),
      'INVALID_GRAPH',
      /an input must be named by a string other than those that all objects have, got "toString"/,
    ],
    [
      'an output named like their prototype',
      () => builder.build(Object.fromEntries([['__proto__', x]])),
      'INVALID_GRAPH',
      /an output must be named .* got "__proto__"/,
    ],
    ['a name that is none', () => builder.input(3 as never, matrix), 'INVALID_GRAPH', /got 3/],
    ['no spec', () => builder.input('y', undefined as never), 'INVALID_ARGUMENT', /input y must be/],
    [
      'an unknown dtype',
      () => builder.input('y', { dtype: 'f64' as never, shape: [] }),
      'INVALID_DTYPE',
      /input y has dtype "f64"; known are f32/,
    ],
    [
      'an unknown op',
      () => builder.node('foo' as 'relu', {}, {}),
      'INVALID_GRAPH',
      /there is no op "foo"; known are attention, linear/,
    ],
    [
      'an op of all objects',
      () => builder.node('toString' as 'relu', {}, {}),
      'INVALID_GRAPH',
      /there is no op "toString"/,
    ],
    [
      'no attributes',
      () => builder.node('softmax', { x }, undefined as never),
      'INVALID_ARGUMENT',
      /softmax: attributes must be an object with axis, got undefined/,
    ],
    [
      'empty attributes',
      () => builder.node('softmax', { x }, {} as never),
      'INVALID_ARGUMENT',
      /axis must be an integer/,
    ],
    [
      'no inputs',
      () => builder.node('relu', undefined as never, {}),
      'INVALID_ARGUMENT',
      /inputs of relu must be an object, got undefined/,
    ],
    [
      'an input of an op named like a prototype',
      () =>
        builder.node(
          'relu',
          Object.fromEntries([
            ['x', x],
            ['__proto__', x],
          ]),
          {},
        ),
      'INVALID_ARGUMENT',
      /there is no input "__proto__"/,
    ],
    ['null', () => builder.relu(null as never), 'INVALID_GRAPH', /got null/],
    ['a list that is none', () => builder.concat(undefined as never, 0), 'INVALID_ARGUMENT', /got undefined/],
    ['no object of outputs', () => builder.build(undefined as never), 'INVALID_ARGUMENT', /outputs must be/],
    [
      'a flag that is none',
      () => builder.matmul(x, x, { transposeB: 1 as never }),
      'INVALID_ARGUMENT',
      /transposeB must be true or false, got 1/,
    ],
    ['a wrong shape', () => builder.matmul(x, x), 'INVALID_SHAPE', /matmul/],
  ])('%s', (_, call, code, message) => {
    expect(call).toThrow(expect.objectContaining({ code, message: expect.stringMatching(message) }));
  });
});
