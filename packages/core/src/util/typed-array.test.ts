import { runInNewContext } from 'node:vm';
import { describe, expect, test } from 'vitest';
import { attention } from '../calls/attention.ts';
import { GraphBuilder } from '../graph/builder.ts';
import { checkRunInputs } from '../host/run-inputs.ts';
import { checkArgument } from '../check/check-options.ts';
import { aSignal, listOf, integer } from '../check/kinds.ts';
import { bool, checkTensor, contiguous, f32, i32, tensor, type HalfArray, type Tensor } from '../tensor.ts';
import { isBuffer, isMap, typedArrayName } from './typed-array.ts';

/** A value of another realm. */
function foreign<T>(code: string): T {
  return runInNewContext(code) as T;
}

const floats = foreign<Float32Array>('new Float32Array([1, 2, 3, 4])');

test('knows classes of the language in any realm', () => {
  expect(floats).not.toBeInstanceOf(Float32Array);
  expect(typedArrayName(floats)).toBe('Float32Array');
  expect(typedArrayName(new BigInt64Array(1))).toBe('BigInt64Array');
  expect(typedArrayName(Buffer.from([1]))).toBe('Uint8Array');
  class Weights extends Float32Array {
    override get [Symbol.toStringTag](): never {
      return 'Int32Array' as never;
    }
  }
  expect(typedArrayName(new Weights(1))).toBe('Float32Array');
  for (const other of [undefined, null, 5, 'Float32Array', [], {}, new DataView(new ArrayBuffer(1))])
    expect(typedArrayName(other)).toBeUndefined();
  expect(isBuffer(foreign('new ArrayBuffer(1)'))).toBe(true);
  expect(isBuffer(floats)).toBe(false);
  expect(isMap(foreign('new Map()'))).toBe(true);
  expect(isMap({ get: () => 1 })).toBe(false);
});

describe('tensors over arrays of another realm', () => {
  test('are those arrays, without a copy', () => {
    const plain: Tensor = { dtype: 'f32', shape: [2, 2], data: floats };
    checkTensor(plain, 'test');
    const own = contiguous(plain);
    expect(own.data).toBeInstanceOf(Float32Array);
    expect(own.data.buffer).toBe(floats.buffer);
    expect(contiguous(plain).data).toBe(own.data);
    expect([...contiguous({ ...plain, strides: [1, 2] }).data]).toEqual([1, 3, 2, 4]);
    expect(f32([4], floats).data.buffer).toBe(floats.buffer);
    expect(i32([2], foreign<number[]>('[1, 2]'))).toEqual(i32([2], [1, 2]));
    expect(bool([2], foreign<Uint8Array>('new Uint8Array([0, 2])'))).toEqual(bool([2], [0, 1]));
  });

  test('are constants and inputs as any others', () => {
    const table: Tensor = { dtype: 'f32', shape: [4], data: floats };
    const graphOf = () => {
      const builder = new GraphBuilder();
      return builder.build({ y: builder.add(builder.input('x', table), builder.constant(table)) });
    };
    const graph = graphOf();
    expect(graphOf().key).toBe(graph.key);
    expect(checkRunInputs(graph, { x: table }).x.data).toBeInstanceOf(Float32Array);
    const q: Tensor = { dtype: 'f32', shape: [1, 1, 2, 2], data: floats };
    expect(attention({ q, k: q, v: q }).graph.inputs.size).toBe(3);
  });

  test('must be of the dtype', () => {
    const wrong = { dtype: 'i32', shape: [4], data: floats } as unknown as Tensor;
    expect(() => checkTensor(wrong, 'test')).toThrow('must hold a Int32Array, got Float32Array');
    const list = { dtype: 'f32', shape: [1], data: [1] } as unknown as Tensor;
    expect(() => checkTensor(list, 'test')).toThrow('must hold a Float32Array, got [1]');
  });
});

test('signals and lists of another realm do', () => {
  const { signal } = new AbortController();
  const other = { aborted: signal.aborted, addEventListener: () => {} };
  expect(checkArgument('test', 'signal', other, aSignal)).toBe(other);
  const list = foreign<number[]>('[1, 2]');
  expect(checkArgument('test', 'list', list, listOf(integer(), 'a list'))).toBe(list);
});

describe('Float16Array', () => {
  const { Float16Array: Halves } = globalThis as {
    readonly Float16Array?: new (numbers: readonly number[]) => HalfArray;
  };

  test('is taken for f16, as the bits in the same memory', () => {
    if (Halves === undefined) throw new Error('Node 24 has Float16Array');
    const data = new Halves([0.5, -2]);
    const halves = tensor('f16', [2], data);
    expect(halves.data).toBeInstanceOf(Uint16Array);
    expect(halves.data.buffer).toBe(data.buffer);
    expect([...halves.data]).toEqual([0x3800, 0xc000]);
    const plain = { dtype: 'f16', shape: [2], data } as unknown as Tensor<'f16'>;
    expect(contiguous(plain).data).toEqual(halves.data);
    expect(() => tensor('f32', [2], data as never)).toThrow('must hold a Float32Array, got Float16Array');
    expect(f32([2], data as never)).toEqual(f32([2], [0.5, -2]));
  });
});

test('makes tensors of lists of numbers only', () => {
  expect(() => f32([1], ['1'] as never)).toThrow('data must be a list of numbers, got ["1"]');
  expect(() => i32([1], new BigInt64Array(1) as never)).toThrow('data must be a list of numbers, got [0n]');
  expect(() => f32([1], null as never)).toThrow('[attn/core] f32: data must be a list of numbers, got null');
  expect(() => bool([1], 5 as never)).toThrow('[attn/core] bool: data must be a list, got 5');
});
