import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import {
  bool,
  byteLengthOf,
  checkTensor,
  contiguous,
  contiguousStrides,
  f32,
  i32,
  sizeOf,
  storageOver,
  tensor,
  zeros,
  type Tensor,
} from './tensor.ts';

describe('making tensors', () => {
  test('keeps typed arrays and converts numbers', () => {
    const data = new Float32Array([1, 2]);
    expect(f32([2], data).data).toBe(data);
    expect(i32([2], [3, -4]).data).toEqual(Int32Array.of(3, -4));
    expect(bool([3], [true, 0, 7]).data).toEqual(Uint8Array.of(1, 0, 1));
    expect(zeros('f16', [2, 0]).data).toEqual(new Uint16Array(0));
  });

  test('a scalar has one element', () => {
    expect(sizeOf([])).toBe(1);
    expect(byteLengthOf({ dtype: 'f16', shape: [3, 2] })).toBe(12);
  });

  test('a buffer can hold many tensors', () => {
    const buffer = new ArrayBuffer(16);
    storageOver('f32', buffer, 8, 2).set([1, 2]);
    expect(new Float32Array(buffer)).toEqual(Float32Array.of(0, 0, 1, 2));
  });
});

/** A buffer that newer hosts can resize. */
interface ResizableBuffer extends ArrayBuffer {
  resize(bytes: number): void;
}
const { ArrayBuffer: Resizable } = globalThis as object as {
  readonly ArrayBuffer: new (bytes: number, options: { readonly maxByteLength: number }) => ResizableBuffer;
};

describe('checks', () => {
  test.each([
    [() => tensor('f32', [2], new Float32Array(3)), 'INVALID_SHAPE', /shape \[2\] needs 2 elements, got 3/],
    [() => zeros('f64' as never, [1]), 'INVALID_DTYPE', /dtype "f64"; known are f32/],
    [
      () => checkTensor({ ...f32([1], [1]), strides: null as never }, 'core/test'),
      'INVALID_ARGUMENT',
      /must have a list of strides, or none, got null/,
    ],
    [
      () => {
        const value = f32([2], [1, 2]);
        structuredClone(value.data, { transfer: [value.data.buffer] });
        checkTensor(value, 'core/test', 'q');
      },
      'INVALID_SHAPE',
      /q of shape \[2\] needs 2 elements, got 0: its memory was transferred away/,
    ],
    [
      () => {
        const buffer = new Resizable(8, { maxByteLength: 16 });
        const data = new Float32Array(buffer);
        buffer.resize(12);
        tensor('f32', [2], data);
      },
      'INVALID_SHAPE',
      /needs 2 elements, got 3: its buffer has been resized/,
    ],
    [() => f32([-1], []), 'INVALID_SHAPE', /impossible shape \[-1\]/],
    [() => f32([1.5], [1]), 'INVALID_SHAPE', /impossible shape \[1.5\]/],
    [
      () => tensor('f32', [1], new Float64Array(1) as never),
      'INVALID_DTYPE',
      /must hold a Float32Array, got Float64Array/,
    ],
    [
      () => checkTensor({ dtype: 'f64', shape: [], data: [] } as never, 'core/x'),
      'INVALID_DTYPE',
      /dtype "f64"/,
    ],
    [() => checkTensor(7 as never, 'core/x', 'q'), 'INVALID_ARGUMENT', /q must be a tensor/],
    [() => zeros('f32', [2 ** 40]), 'OUT_OF_MEMORY', /could not allocate/],
    [
      () => checkTensor({ ...f32([4], [1, 2, 3, 4]), shape: [2], strides: [4] }, 'core/x'),
      'INVALID_SHAPE',
      /does not fit/,
    ],
    [() => checkTensor({ ...f32([2], [1, 2]), strides: [-1] }, 'core/x'), 'INVALID_SHAPE', /integers ≥ 0/],
    [() => checkTensor({ ...f32([2], [1, 2]), strides: [1, 1] }, 'core/x'), 'INVALID_SHAPE', /does not fit/],
  ])('%# says what is wrong', (make, code, message) => {
    expect(make).toThrow(expect.objectContaining({ code, message: expect.stringMatching(message) }));
  });
});

describe('strides', () => {
  test('a transposed view becomes row-major', () => {
    const view: Tensor<'f32'> = {
      dtype: 'f32',
      shape: [3, 2],
      strides: [1, 3],
      data: Float32Array.of(1, 2, 3, 4, 5, 6),
    };
    expect(contiguous(view)).toEqual(f32([3, 2], [1, 4, 2, 5, 3, 6]));
  });

  test('a row-major view is not copied', () => {
    const plain = f32([2, 3], [1, 2, 3, 4, 5, 6]);
    expect(contiguous({ ...plain, strides: [3, 1] }).data).toBe(plain.data);
  });

  test('every element of any view is found', () => {
    const axis = fc.record({
      extent: fc.integer({ min: 0, max: 4 }),
      stride: fc.integer({ min: 0, max: 5 }),
    });
    fc.assert(
      fc.property(fc.array(axis, { maxLength: 4 }), (axes) => {
        const shape = axes.map(({ extent }) => extent);
        const strides = axes.map(({ stride }) => stride);
        const data = Float32Array.from({ length: 81 }, (_, i) => i);
        const rowMajor = contiguousStrides(shape);
        const expected = Array.from({ length: sizeOf(shape) }, (_, index) =>
          shape.reduce((sum, extent, a) => sum + (Math.floor(index / rowMajor[a]) % extent) * strides[a], 0),
        );
        expect([...contiguous({ dtype: 'f32', shape, strides, data }).data]).toEqual(expected);
      }),
    );
  });
});
