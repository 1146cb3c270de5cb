// Lazy tensors are read when somebody asks for their data: not before, and not again while it is held.
import { expect, test } from 'vitest';
import { GraphBuilder } from './graph/builder.ts';
import { dataIdentity, inMemory, isLazy, lazyTensor, type LazyTensor } from './lazy-tensor.ts';
import { f32, type FileSpan, type Tensor } from './tensor.ts';

function counted(length = 6): { readonly tensor: LazyTensor<'f32'>; reads(): number } {
  let reads = 0;
  const read = (): Float32Array => {
    reads++;
    return Float32Array.from({ length }, (_, i) => i);
  };
  return { tensor: lazyTensor({ dtype: 'f32', shape: [2, 3] }, read), reads: () => reads };
}

test('data is read when asked for, and once while somebody holds it', () => {
  const { tensor, reads } = counted();
  expect(reads()).toBe(0);
  const { data } = tensor;
  expect([...data]).toEqual([0, 1, 2, 3, 4, 5]);
  expect(tensor.data).toBe(data);
  expect(inMemory(tensor)).toEqual(f32([2, 3], data));
  expect(reads()).toBe(1);
});

test('the type shows that a tensor is lazy, and where its bytes are', () => {
  const file: FileSpan = { folder: '/', name: 'a', byteOffset: 0, byteLength: 4, verify: () => {} };
  const tensor: Tensor = lazyTensor({ dtype: 'f32', shape: [1] }, () => Float32Array.of(7), file);
  expect(isLazy(tensor) && tensor.file).toBe(file);
  expect(isLazy(tensor) && [...tensor.read()]).toEqual([7]);
  expect(isLazy(tensor) && tensor.read()).toBe(tensor.data);
});

test('a graph is built, and has its key, without reading', () => {
  const { tensor, reads } = counted();
  const build = (weight: Tensor): string => {
    const builder = new GraphBuilder();
    const x = builder.input('x', { dtype: 'f32', shape: [4, 3] });
    return builder.build({ y: builder.linear(x, builder.constant(weight)) }).key;
  };
  expect(build(tensor)).toBe(build(tensor));
  expect(build(tensor)).not.toBe(build(counted().tensor));
  expect(reads()).toBe(0);
});

test('identity is that of the array where there is one', () => {
  const { tensor } = counted();
  expect([isLazy(tensor), isLazy(inMemory(tensor))]).toEqual([true, false]);
  expect(dataIdentity(tensor)).toBe(tensor);
  const plain = f32([1], [1]);
  expect(dataIdentity(plain)).toBe(plain.data);
  expect(inMemory(plain)).toBe(plain);
});

test('bad specs at once, a bad source when it is read', () => {
  const read = (): Float32Array => new Float32Array(1);
  expect(() => lazyTensor({ dtype: 'f32', shape: [-1] }, read)).toThrow('impossible shape [-1]');
  expect(() => counted(5).tensor.data).toThrow('a tensor of shape [2,3] needs 6 elements, its source gave 5');
});
