import { expect, test } from 'vitest';
import { f32, i32 } from '../tensor.ts';
import { GraphBuilder } from '../graph/builder.ts';
import { checkRunInputs } from './run-inputs.ts';

const builder = new GraphBuilder();
const x = builder.input('x', { dtype: 'f32', shape: [2] });
const graph = builder.build({ y: builder.add(x, builder.input('bias', { dtype: 'f32', shape: [] })) });
const bias = f32([], [1]);

test('passes what fits, without copying', () => {
  const inputs = { bias, x: f32([2], [1, 2]) };
  expect(checkRunInputs(graph, inputs).x).toBe(inputs.x);
  expect(Object.keys(checkRunInputs(graph, inputs))).toEqual(['x', 'bias']);
});

test.each([
  ['a missing input', { x: f32([2], [1, 2]) }, 'MISSING_INPUT', 'input bias is required'],
  ['an unknown one', { bias, z: bias }, 'INVALID_ARGUMENT', 'there is no input "z"; known are x, bias'],
  ['a shape', { bias, x: f32([1, 2], [1, 2]) }, 'INVALID_SHAPE', 'input x must be [2], got [1, 2]'],
  ['a dtype', { bias, x: i32([2], [1, 2]) }, 'INVALID_DTYPE', 'input x must be f32, got i32'],
  ['nothing', undefined as never, 'INVALID_ARGUMENT', 'inputs must be an object of tensors, got undefined'],
  [
    'a name that JSON can hold',
    { bias, ...JSON.parse('{"toString": 1}') },
    'INVALID_ARGUMENT',
    'there is no input "toString"; known are x, bias',
  ],
  [
    'no tensor',
    { bias, x: [1, 2] as never },
    'INVALID_ARGUMENT',
    'input x must be a tensor { dtype, shape, data }, got [1, 2]',
  ],
])('%s', (_, inputs, code, message) => {
  expect(() => checkRunInputs(graph, inputs)).toThrow(
    expect.objectContaining({ code, message: `[attn/core] run: ${message}` }),
  );
});
