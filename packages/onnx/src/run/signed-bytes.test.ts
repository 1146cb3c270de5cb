// Whether signed bytes are multiplied exactly is what the runtime does, not what it is called.
import { f32, GraphBuilder, tensor } from '@attn/core';
import * as ort from 'onnxruntime-node';
import { expect, test } from 'vitest';
import { onnx } from '../node.ts';
import type { OrtModule, OrtTensor, Runtime } from './runtime.ts';
import { multipliesSignedBytes } from './signed-bytes.ts';

/** A runtime whose products are those of `sumOf`, which gets the exact sum. */
function runtimeOf(sumOf: (exact: number, rows: number) => number): Pick<Runtime, 'ort' | 'sessionOptions'> {
  const run = async (feeds: Readonly<Record<string, OrtTensor>>): Promise<Record<string, OrtTensor>> =>
    Object.fromEntries(
      Object.values(feeds).map(({ dims: [rows, terms] }) => {
        const exact = Int32Array.from(
          { length: rows * 48 },
          (_, i) => 255 * terms * (i % 2 === 0 ? 127 : -128),
        );
        const data = exact.map((sum) => sumOf(sum, rows));
        return [`product${rows}`, { type: 'int32', dims: [rows, 48], data, dispose: () => {} }];
      }),
    );
  const module: OrtModule = {
    ...(ort as unknown as OrtModule),
    InferenceSession: { create: async () => ({ run, release: async () => {} }) },
  };
  return { ort: module, sessionOptions: {} };
}

test('exact sums are exact', async () => {
  expect(await multipliesSignedBytes(runtimeOf((exact) => exact))).toBe(true);
});

test('pairs that are cut to 16 bits are not, even if only many rows are', async () => {
  const cut = (exact: number): number => Math.max(-32_768, Math.min(32_767, exact / 32)) * 32;
  expect(await multipliesSignedBytes(runtimeOf(cut))).toBe(false);
  expect(await multipliesSignedBytes(runtimeOf((exact, rows) => (rows === 1 ? exact : cut(exact))))).toBe(
    false,
  );
});

test('a runtime that refuses is not', async () => {
  const runtime = runtimeOf(() => {
    throw new Error('no kernel');
  });
  expect(await multipliesSignedBytes(runtime)).toBe(false);
});

test('products of the largest bytes are exact here, whatever the answer', async () => {
  const [terms, columns] = [64, 48];
  const codes = Uint8Array.from({ length: columns * terms }, (_, i) => (i < terms * 24 ? 255 : 0));
  const builder = new GraphBuilder();
  const x = f32([4, terms], new Float32Array(4 * terms).fill(127));
  const matrix = {
    codes: builder.constant(tensor('u8', [columns, 1, terms], codes)),
    scales: builder.constant(f32([columns, 1], new Float32Array(columns).fill(1))),
  };
  const attributes = { bits: 8, block: terms, inputs: 'int8' } as const;
  const y = builder.quantizedLinear(builder.input('x', x), matrix, undefined, attributes);
  const backend = onnx({ threads: 1 });
  const executable = await backend.compile(builder.build({ y }));
  const { data } = (await executable.run({ x })).y;
  await backend.dispose();
  expect(data).toEqual(data.map((_, i) => 127 * terms * (i % columns < 24 ? 127 : -128)));
});
