// Reading and writing agree with each other and with bytes laid out
// by hand; damage never escapes as anything but AttnError.
import { AttnError, f32, type DType, type Tensor } from '@attn/core';
import { bytesPerElement, DTYPES, storageOver } from '@attn/core/backend';
import fc from 'fast-check';
import { describe, expect, onTestFinished, test, vi } from 'vitest';
import { openSafetensors, parseSafetensors, serializeSafetensors } from './index.ts';

/** A file of one tensor "x" with this raw data, which starts at an offset of any alignment. */
function fileOf(dtype: string, shape: number[], data: Uint8Array, pad = 0): Uint8Array {
  const fields = { x: { dtype, shape, data_offsets: [0, data.length] } };
  const header = new TextEncoder().encode(JSON.stringify(fields) + ' '.repeat(pad));
  const bytes = new Uint8Array(8 + header.length + data.length);
  new DataView(bytes.buffer).setBigUint64(0, BigInt(header.length), true);
  bytes.set(header, 8);
  bytes.set(data, 8 + header.length);
  return bytes;
}

const raw = (data: ArrayBufferView) => new Uint8Array(data.buffer, data.byteOffset, data.byteLength);
const readTensor = (dtype: string, data: ArrayBufferView, count: number) =>
  parseSafetensors(fileOf(dtype, [count], raw(data))).tensors.get('x');

describe('dtypes', () => {
  test.each([
    ['F64', new Float64Array([1.5, -0.1, Infinity, NaN]), 'f32', [1.5, Math.fround(-0.1), Infinity, NaN]],
    ['F32', new Float32Array([1.5, -2]), 'f32', [1.5, -2]],
    ['F16', new Uint16Array([0x3c00, 0xc000]), 'f16', [0x3c00, 0xc000]],
    ['BF16', new Uint16Array([0x3f80, 0xc000, 0x7f80]), 'f32', [1, -2, Infinity]],
    ['I64', new BigInt64Array([1n, -1n, 2147483647n, -2147483648n]), 'i32', [1, -1, 2147483647, -2147483648]],
    ['I32', new Int32Array([7, -7]), 'i32', [7, -7]],
    ['I16', new Int16Array([7, -7]), 'i32', [7, -7]],
    ['I8', new Int8Array([7, -7]), 'i32', [7, -7]],
    ['U64', new BigUint64Array([0n, 4294967295n]), 'u32', [0, 4294967295]],
    ['U32', new Uint32Array([4294967295]), 'u32', [4294967295]],
    ['U16', new Uint16Array([65535]), 'i32', [65535]],
    ['U8', new Uint8Array([255, 0, 3]), 'u8', [255, 0, 3]],
    ['BOOL', new Uint8Array([1, 0, 1]), 'bool', [1, 0, 1]],
  ])('%s', (fileDtype, data, dtype, expected) => {
    for (let pad = 0; pad < 8; pad++) {
      const file = fileOf(fileDtype, [expected.length], raw(data), pad);
      const got = parseSafetensors(file).tensors.get('x');
      expect(got?.dtype).toBe(dtype);
      expect(Array.from(got?.data ?? [])).toEqual(expected);
    }
  });

  test.each([
    ['I64', new BigInt64Array([0n, 2147483648n]), /fit in i32, got 2147483648 at element 1/],
    ['I64', new BigInt64Array([-2147483649n]), /fit in i32, got -2147483649 at element 0/],
    ['U64', new BigUint64Array([4294967296n]), /fit in u32, got 4294967296 at element 0/],
    ['F64', new Float64Array([0, 1e300]), /fit in f32, got 1e\+300 at element 1/],
    ['BOOL', new Uint8Array([0, 2]), /only 0 and 1, got 2 at element 1/],
  ])('%s refuses what does not fit', (dtype, data, message) => {
    const count = data.length;
    expect(() => readTensor(dtype, data, count)).toThrow(message);
    expect(() => readTensor(dtype, data, count)).toThrow(AttnError);
  });

  test('aligned tensors share memory with the file, others are copies', () => {
    const data = raw(new Float32Array([1, 2]));
    const shares = [0, 1, 2, 3].map((pad) => {
      const bytes = fileOf('F32', [2], data, pad);
      return parseSafetensors(bytes).tensors.get('x')?.data.buffer === bytes.buffer;
    });
    expect(shares.filter(Boolean)).toHaveLength(1);
  });
});

const tensors: fc.Arbitrary<Tensor> = fc
  .record({
    dtype: fc.constantFrom<DType>(...DTYPES),
    shape: fc.array(fc.integer({ min: 0, max: 4 }), { maxLength: 4 }),
    seed: fc.uint8Array({ minLength: 1024, maxLength: 1024 }),
  })
  .map(({ dtype, shape, seed }) => {
    const size = shape.reduce((product, extent) => product * extent, 1);
    const bytes = seed
      .slice(0, size * bytesPerElement(dtype))
      .map((byte) => (dtype === 'bool' ? byte & 1 : byte));
    return { dtype, shape, data: storageOver(dtype, bytes.buffer, 0, size) };
  });

const names = fc
  .oneof(
    { weight: 9, arbitrary: fc.string({ unit: 'binary' }) },
    fc.constantFrom('__proto__', 'toString', '10'),
  )
  .filter((name) => name !== '__metadata__');
const files = fc.record({
  tensors: fc.array(fc.tuple(names, tensors), { maxLength: 5 }).map((pairs) => new Map(pairs)),
  metadata: fc.array(fc.tuple(fc.string(), fc.string()), { maxLength: 3 }).map((pairs) => new Map(pairs)),
});

describe('round trip', () => {
  test('what was written is what is read, bit by bit and aligned', () => {
    fc.assert(
      fc.property(files, (file) => {
        const bytes = serializeSafetensors(file.tensors, file.metadata);
        const back = parseSafetensors(bytes);
        expect([...back.tensors.keys()]).toEqual([...file.tensors.keys()]);
        for (const [name, tensor] of file.tensors) {
          const got = back.tensors.get(name);
          expect([got?.dtype, got?.shape]).toEqual([tensor.dtype, tensor.shape]);
          expect(got?.data.buffer).toBe(bytes.buffer);
          expect(got && raw(got.data)).toEqual(raw(tensor.data));
        }
        expect(back.metadata).toEqual(file.metadata);
      }),
      { numRuns: 200 },
    );
  });

  test('a strided view is written row-major', () => {
    const transposed: Tensor = {
      dtype: 'i32',
      shape: [2, 3],
      strides: [1, 2],
      data: Int32Array.of(0, 1, 2, 3, 4, 5),
    };
    const back = parseSafetensors(serializeSafetensors({ transposed })).tensors.get('transposed');
    expect(Array.from(back?.data ?? [])).toEqual([0, 2, 4, 1, 3, 5]);
  });

  test.each([
    ['a reserved name', { ['__metadata__']: { dtype: 'u8', shape: [0], data: new Uint8Array(0) } as Tensor }],
    ['a wrong length', { x: { dtype: 'u8', shape: [2], data: new Uint8Array(1) } as Tensor }],
    ['a wrong array', { x: { dtype: 'f32', shape: [1], data: new Uint8Array(1) } as Tensor }],
  ])('%s is refused', (_title, bad) => {
    expect(() => serializeSafetensors(bad)).toThrow(AttnError);
  });
});

test('a file may lie in shared memory, which browsers decode no text from', () => {
  vi.stubGlobal(
    'TextDecoder',
    class extends TextDecoder {
      override decode(bytes: Uint8Array): string {
        if (bytes.buffer instanceof SharedArrayBuffer) throw new TypeError('must not be shared');
        return super.decode(bytes);
      }
    },
  );
  onTestFinished(() => void vi.unstubAllGlobals());
  const file = serializeSafetensors({ x: f32([2], [1.5, -2]) });
  const shared = new Uint8Array(new SharedArrayBuffer(file.length));
  shared.set(file);
  expect([...(parseSafetensors(shared).tensors.get('x')?.data ?? [])]).toEqual([1.5, -2]);
});

describe('damage', () => {
  /** Runs `parse`; anything but success or AttnError fails the test. */
  function onlyAttnErrors(parse: () => unknown): void {
    try {
      parse();
    } catch (error) {
      if (!(error instanceof AttnError)) throw error;
    }
  }

  test('flipped bytes', () => {
    const flips = fc.array(fc.tuple(fc.nat(), fc.integer({ min: 0, max: 255 })), {
      minLength: 1,
      maxLength: 8,
    });
    fc.assert(
      fc.property(files, flips, (file, changes) => {
        const bytes = serializeSafetensors(file.tensors, file.metadata);
        for (const [at, value] of changes) bytes[at % bytes.length] = value;
        onlyAttnErrors(() => parseSafetensors(bytes));
      }),
      { numRuns: 500 },
    );
  });

  test('truncation is always noticed', () => {
    fc.assert(
      fc.property(files, fc.nat(), (file, cut) => {
        const bytes = serializeSafetensors(file.tensors, file.metadata);
        expect(() => parseSafetensors(bytes.subarray(0, cut % bytes.length))).toThrow(AttnError);
      }),
      { numRuns: 200 },
    );
  });

  test('arbitrary JSON as a header', () => {
    fc.assert(
      fc.property(fc.json(), (json) => {
        const header = new TextEncoder().encode(json);
        const bytes = new Uint8Array(8 + header.length);
        new DataView(bytes.buffer).setBigUint64(0, BigInt(header.length), true);
        bytes.set(header, 8);
        onlyAttnErrors(() => parseSafetensors(bytes));
      }),
      { numRuns: 500 },
    );
  });
});

describe('a lazy source', () => {
  test('is read tensor by tensor', async () => {
    const bytes = serializeSafetensors({
      a: { dtype: 'f32', shape: [2], data: Float32Array.of(1, 2) },
      b: { dtype: 'u8', shape: [3], data: Uint8Array.of(1, 2, 3) },
    });
    const reads: number[] = [];
    const source = {
      size: bytes.length,
      read: async (offset: number, length: number) => {
        reads.push(length);
        return bytes.slice(offset, offset + length);
      },
    };
    const file = await openSafetensors(source);
    expect(file.names).toEqual(['a', 'b']);
    const byteOffset = bytes.length - 3;
    expect(file.spec('b')).toEqual({ fileDtype: 'U8', dtype: 'u8', shape: [3], byteOffset, byteLength: 3 });
    expect(await file.tensor('b')).toMatchObject({ dtype: 'u8', data: Uint8Array.of(1, 2, 3) });
    expect(reads).toEqual([64, bytes.length - 11, 3]);
    await expect(file.tensor('c')).rejects.toMatchObject({ code: 'MISSING_INPUT' });
    expect(() => file.spec('toString')).toThrow('the file has no tensor "toString"; it has a, b');
  });

  test('gives rows of a tensor', async () => {
    const bytes = serializeSafetensors({ x: f32([3, 2], [1, 2, 3, 4, 5, 6]), y: f32([], [7]) });
    const reads: number[] = [];
    const source = {
      size: bytes.length,
      read: async (at: number, length: number) => {
        reads.push(length);
        return bytes.slice(at, at + length);
      },
    };
    const file = await openSafetensors(source);
    reads.length = 0;
    expect(await file.rows('x', 1, 3)).toEqual(f32([2, 2], [3, 4, 5, 6]));
    expect(await file.rows('x', 2, 2)).toEqual(f32([0, 2], []));
    expect(reads).toEqual([16, 0]);
    for (const [from, to] of [
      [-1, 1],
      [2, 1],
      [0, 4],
      [0.5, 1],
      ['0', 1],
    ] as [number, number][])
      await expect(file.rows('x', from, to)).rejects.toMatchObject({
        code: 'INVALID_ARGUMENT',
        message: expect.stringContaining('tensor "x" has rows 0 to 3, got ['),
      });
    await expect(file.rows('y', 0, 1)).rejects.toThrow('tensor "y" has rows 0 to 0, got [0, 1]');
    await expect(file.rows('z', 0, 1)).rejects.toMatchObject({ code: 'MISSING_INPUT' });
  });
  test('that ends early is a malformed file', async () => {
    const source = { size: 1000, name: 'short.safetensors', read: async () => new Uint8Array(3) };
    await expect(openSafetensors(source)).rejects.toThrow(
      'short.safetensors: expected 64 bytes at offset 0, got 3',
    );
  });
});
