// Products of integers are exact to the last bit, however large the bytes are; codes are in the model as they
// are, and models ask for no later version than they need.
import { f32, GraphBuilder, tensor, type ActivationForm, type CodeFormat, type Graph } from '@attn/core';
import {
  codesShape,
  mulberry32,
  PlanCache,
  scalesShape,
  zeroPointsShape,
  type OpAttributes,
} from '@attn/core/backend';
import { evaluateReference } from '@attn/core/reference';
import protobuf from 'onnx-proto';
import * as ort from 'onnxruntime-node';
import { expect, test } from 'vitest';
import { exportOnnx } from '../../export.ts';
import { encodeModel } from '../../model/encode.ts';
import { sizeOf } from '@attn/core/backend';
import type { LowerOptions } from '../context.ts';
import { lowerGraph } from '../lower.ts';

interface Layer extends CodeFormat {
  readonly rows: number;
  readonly length: number;
  readonly columns: number;
  readonly inputs: ActivationForm;
  readonly zeros?: boolean;
  readonly areConstant?: boolean;
}

/** Bytes that are large more often than not. */
function bytes(shape: readonly number[], seed: number): Uint8Array<ArrayBuffer> {
  const random = mulberry32(seed);
  return Uint8Array.from({ length: sizeOf(shape) }, () => {
    const share = random();
    return share < 0.4 ? 255 : share < 0.6 ? 0 : Math.floor(256 * random());
  });
}

/** Integers of which the greatest is the limit of the form, so that each stands for itself. */
function integers({ rows, length, inputs }: Layer, seed: number): Float32Array<ArrayBuffer> {
  const limit = inputs === 'int12' ? 2047 : 127;
  const random = mulberry32(seed);
  return Float32Array.from({ length: rows * length }, (_, i) => {
    if (i % length === 0 || random() < 0.6) return limit;
    return Math.round((2 * random() - 1) * limit);
  });
}

function graphOf(layer: Layer): {
  readonly graph: Graph;
  readonly inputs: Record<string, ReturnType<typeof f32>>;
} {
  const { rows, length, columns, bits, block, inputs: form, zeros = false, areConstant = true } = layer;
  const builder = new GraphBuilder();
  const shape = codesShape(columns, length, layer);
  const parts = {
    codes: tensor('u8', shape, bytes(shape, 1)),
    scales: f32(
      scalesShape(columns, length, layer),
      Float32Array.from({ length: sizeOf(scalesShape(columns, length, layer)) }, (_, i) => 2 ** -(i % 9)),
    ),
    ...(zeros && {
      zeroPoints: tensor(
        'u8',
        zeroPointsShape(columns, length, layer),
        bytes(zeroPointsShape(columns, length, layer), 2),
      ),
    }),
  };
  const x = f32([rows, length], integers(layer, 3));
  const values = Object.fromEntries(
    Object.entries(parts).map(([name, part]) => [
      name,
      areConstant ? builder.constant(part, name) : builder.input(name, part),
    ]),
  );
  const attributes: OpAttributes['quantizedLinear'] = { bits, block, inputs: form };
  const [out] = builder.node('quantizedLinear', { x: builder.input('x', x), ...values }, attributes);
  const inputs = areConstant ? { x } : { x, ...parts };
  return { graph: builder.build({ out }), inputs: inputs as Record<string, ReturnType<typeof f32>> };
}

async function run(
  graph: Graph,
  inputs: Readonly<Record<string, ReturnType<typeof f32>>>,
  options: LowerOptions,
): Promise<Float32Array> {
  const { model } = encodeModel(lowerGraph(graph, new PlanCache(), options).model, 'test');
  const session = await ort.InferenceSession.create(model, { intraOpNumThreads: 1, logSeverityLevel: 3 });
  const feeds = Object.entries(inputs).map(([name, { dtype, data, shape }]) => {
    const type = (dtype as string) === 'u8' ? 'uint8' : 'float32';
    return [name, new ort.Tensor(type, data as never, [...shape])] as const;
  });
  const { out } = await session.run(Object.fromEntries(feeds));
  await session.release();
  return out.data as Float32Array;
}

const LENGTH = 301;
const LAYERS: readonly Layer[] = (['int8', 'int12'] as const).flatMap((inputs) =>
  [false, true].flatMap(
    (zeros) =>
      [
        { rows: 1, length: LENGTH, columns: 40, bits: 8, block: LENGTH, inputs, zeros },
        { rows: 33, length: LENGTH, columns: 70, bits: 8, block: LENGTH, inputs, zeros },
        { rows: 5, length: LENGTH, columns: 70, bits: 4, block: LENGTH + 1, inputs, zeros },
        {
          rows: 5,
          length: LENGTH,
          columns: 9,
          bits: 8,
          block: LENGTH + 3,
          inputs,
          zeros,
          areConstant: false,
        },
        {
          rows: 5,
          length: LENGTH,
          columns: 9,
          bits: 4,
          block: LENGTH + 1,
          inputs,
          zeros,
          areConstant: false,
        },
        { rows: 2, length: 17_000, columns: 5, bits: 8, block: 17_000, inputs, zeros },
      ] satisfies Layer[],
  ),
);

// A runtime may add products of unsigned and signed bytes in 16 bits. Unless it is known to be exact, bytes
// of 8 bits are unsigned on both sides.
test.each(LAYERS)('products of integers are exact: %o', async (layer) => {
  const { graph, inputs } = graphOf(layer);
  const expected = evaluateReference(graph, inputs).out.data.map(Math.fround);
  for (const options of [{}, { portable: true }])
    expect(await run(graph, inputs, options)).toEqual(Float32Array.from(expected));
});

test.each<[ActivationForm, number]>([
  ['float', 32],
  ['int8', 32],
  ['int8', 64],
  ['int12', 64],
])(
  'a row with a number that is not finite is NaN, and only that one: inputs %s, block %i',
  async (form, block) => {
    const { graph, inputs } = graphOf({ rows: 4, length: 64, columns: 6, bits: 8, block, inputs: form });
    inputs.x.data[64 + 3] = NaN;
    inputs.x.data[3 * 64 + 5] = -Infinity;
    const out = await run(graph, inputs, {});
    const isNaNs = Array.from({ length: 4 }, (_, row) =>
      [...out.subarray(6 * row, 6 * row + 6)].map(Number.isNaN),
    );
    const rowOf = (isNaN: boolean): boolean[] => new Array<boolean>(6).fill(isNaN);
    // −∞ times codes on both sides of 0 is both infinities; in float that is no NaN where no code is 0.
    expect([isNaNs[0], isNaNs[1], isNaNs[2]]).toEqual([rowOf(false), rowOf(true), rowOf(false)]);
    if (form !== 'float') expect(isNaNs[3]).toEqual(rowOf(true));
  },
);

test('rows too small for their inverse are zeros, and those beside them are not', async () => {
  const { graph, inputs } = graphOf({ rows: 2, length: 40, columns: 3, bits: 8, block: 40, inputs: 'int12' });
  inputs.x.data.fill(1e-39, 0, 40);
  const out = await run(graph, inputs, {});
  expect([...out.subarray(0, 3)].map(Math.abs)).toEqual([0, 0, 0]);
  expect(out.subarray(3).every((value) => value !== 0)).toBe(true);
});

/** The types and shapes of large constants, and the version of the standard. */
function contentOf(layer: Layer, portable: boolean): { readonly large: string[]; readonly opset: number } {
  const { model } = exportOnnx(graphOf(layer).graph, { portable });
  const { graph, opsetImport } = protobuf.onnx.ModelProto.decode(model);
  const large = (graph?.initializer ?? [])
    .filter(({ rawData }) => (rawData?.length ?? 0) >= 1000)
    .map(({ dataType, dims, rawData }) => `${dataType}:${dims?.map(Number).join('x')}:${rawData?.length}`);
  return { large, opset: Number(opsetImport.find(({ domain }) => domain === '')?.version) };
}

const SHAPE = { rows: 2, length: 96, columns: 64 } as const;

test('codes are in the model once, as they are, and 4 bits need opset 21 only without MatMulNBits', () => {
  const four: Layer = { ...SHAPE, bits: 4, block: 32, inputs: 'float' };
  expect(contentOf(four, false)).toEqual({ large: ['2:64x3x16:3072'], opset: 18 });
  expect(contentOf(four, true)).toEqual({ large: ['21:192x32:3072'], opset: 21 });
  const eight: Layer = { ...SHAPE, bits: 8, block: 32, inputs: 'float' };
  for (const portable of [false, true])
    expect(contentOf(eight, portable)).toEqual({ large: ['2:192x32:6144'], opset: 18 });
  // Products of bytes have the weight turned.
  expect(contentOf({ ...SHAPE, bits: 8, block: 96, inputs: 'int12' }, false)).toEqual({
    large: ['3:96x64:6144'],
    opset: 18,
  });
  expect(contentOf({ ...SHAPE, bits: 8, block: 96, inputs: 'int8' }, true)).toEqual({
    large: ['2:96x64:6144'],
    opset: 18,
  });
});
