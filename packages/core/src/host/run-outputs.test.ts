// Tensors of the caller for outputs: what is refused, and that a run makes no other arrays.
import { describe, expect, test } from 'vitest';
import { GraphBuilder } from '../graph/builder.ts';
import { lazyTensor } from '../lazy-tensor.ts';
import { f32, i32, type Tensor } from '../tensor.ts';
import { compileGraph } from './executor.ts';
import { referenceKernels } from './reference-kernels.testing.ts';
import { checkRunOutputs, intoOutputs } from './run-outputs.ts';

const vector = { dtype: 'f32', shape: [3] } as const;
const x = f32([3], [1, -2, 3]);
const constant = f32([3], [7, 8, 9]);
const zeros = (): Tensor<'f32'> => f32([3], new Float32Array(3));

/** Outputs that a kernel computes, a view of one, the same under another name, an input and a constant. */
function graphOf() {
  const builder = new GraphBuilder();
  const input = builder.input('x', vector);
  const y = builder.relu(input);
  const [view, c] = [builder.reshape(y, [3, 1]), builder.constant(constant)];
  return builder.build({ y, again: y, view, same: input, c, sum: builder.add(y, c) });
}

const graph = graphOf();

describe('are refused:', () => {
  const shared = new Float32Array(5);
  test.each<[string, Record<string, Tensor>, string, string]>([
    ['an unknown name', { z: zeros() }, 'INVALID_ARGUMENT', 'there is no output "z"'],
    ['no tensor', { y: [1] as never }, 'INVALID_ARGUMENT', 'outputs.y must be a tensor'],
    ['a dtype', { y: i32([3], [1, 2, 3]) }, 'INVALID_DTYPE', 'outputs.y must be f32, got i32'],
    ['a shape', { y: f32([3, 1], [1, 2, 3]) }, 'INVALID_SHAPE', 'outputs.y must be [3], got [3, 1]'],
    [
      'a view',
      { y: { ...f32([6], new Float32Array(6)), shape: [3], strides: [2] } },
      'INVALID_ARGUMENT',
      'outputs.y must be row-major and in memory, got strides [2]',
    ],
    [
      'a lazy tensor',
      { y: lazyTensor(vector, () => new Float32Array(3)) },
      'INVALID_ARGUMENT',
      'outputs.y must be row-major and in memory, got a lazy tensor',
    ],
    ['an input', { y: x }, 'INVALID_ARGUMENT', 'outputs.y must have memory of its own, got that of input x'],
    [
      'a constant',
      { y: f32([3], constant.data) },
      'INVALID_ARGUMENT',
      'outputs.y must have memory of its own, got that of a constant',
    ],
    [
      'memory of another output',
      { y: f32([3], shared.subarray(0, 3)), sum: f32([3], shared.subarray(2)) },
      'INVALID_ARGUMENT',
      'outputs.sum must have memory of its own, got that of output y',
    ],
  ])('%s', (_, outputs, code, message) => {
    expect(() => checkRunOutputs(graph, { x }, outputs)).toThrow(
      expect.objectContaining({ code, message: expect.stringContaining(`[attn/core] run: ${message}`) }),
    );
  });

  test('but not neighbours in one buffer', () => {
    const data = new Float32Array(9);
    const [y, sum] = [f32([3], data.subarray(0, 3)), f32([3], data.subarray(3, 6))];
    expect(checkRunOutputs(graph, { x: f32([3], data.subarray(6)) }, { y, sum })).toEqual({ y, sum });
    expect(checkRunOutputs(graph, { x }, undefined)).toEqual({});
  });
});

describe('a run', () => {
  const run = compileGraph(graph, { backend: 'test', kernels: referenceKernels, poison: true });
  const expected = {
    y: [1, 0, 3],
    again: [1, 0, 3],
    view: [1, 0, 3],
    same: [1, -2, 3],
    c: [7, 8, 9],
    sum: [8, 8, 12],
  };

  test.each([[Object.keys(expected)], [['again']], [['view', 'same']], [['sum', 'c']], [[]]])(
    'writes %j to arrays of the caller, and others to new ones',
    async (names) => {
      const outputs = Object.fromEntries(
        names.map((name) => [name, { ...zeros(), shape: name === 'view' ? [3, 1] : [3] }]),
      );
      const results = await run.run({ x }, { outputs });
      for (const [name, numbers] of Object.entries(expected))
        expect([...results[name].data]).toEqual(numbers);
      for (const name of names) expect(results[name]).toBe(outputs[name]);
      const arrays = [...Object.values(results), x, constant].map(({ data }) => data);
      expect(new Set(arrays).size).toBe(8);
    },
  );

  test('gives a kernel the array of the caller', async () => {
    const arrays: unknown[] = [];
    const builder = new GraphBuilder();
    const single = builder.build({ y: builder.relu(builder.input('x', vector)) });
    const executable = compileGraph(single, {
      backend: 'test',
      kernels: { relu: ({ outputs }) => void arrays.push(outputs[0].data) },
    });
    const y = zeros();
    await executable.run({ x }, { outputs: { y } });
    expect(arrays).toEqual([y.data]);
    expect(arrays[0]).toBe(y.data);
  });
});

test('results that are elsewhere are copied', () => {
  const y = zeros();
  expect(intoOutputs({ y: x, z: constant }, { y })).toEqual({ y: x, z: constant });
  expect(y.data).toEqual(x.data);
});
