/** Runs graphs as models in other settings than those of the backend, for tests of the lowering. */
import { f32, type DType, type Graph, type Tensor } from '@attn/core';
import { mulberry32, PlanCache } from '@attn/core/backend';
import * as ort from 'onnxruntime-node';
import { encodeModel } from '../model/encode.ts';
import type { LowerOptions } from './context.ts';
import { lowerGraph } from './lower.ts';

/** Runs a compiled graph on inputs and returns its outputs, all f32, by name. */
export type Runner = (
  tensors: Readonly<Record<string, Tensor>>,
) => Promise<Readonly<Record<string, Float32Array>>>;

/** Names of dtypes in ONNX Runtime. */
const TYPES: Readonly<Partial<Record<DType, ort.Tensor.Type>>> = {
  f32: 'float32',
  i32: 'int32',
  bool: 'bool',
};

function toOrt({ dtype, shape, data }: Tensor): ort.Tensor {
  const type = TYPES[dtype];
  if (type === undefined) throw new TypeError(`no test has inputs of ${dtype}`);
  return new ort.Tensor(type, data as Float32Array, [...shape]);
}

/** Compiles a graph, lowered with `options`, for one thread. */
export async function runnerOf(graph: Graph, options: LowerOptions): Promise<Runner> {
  const { model, inputs, outputs, planFeeds } = lowerGraph(graph, new PlanCache(), options);
  const bytes = encodeModel(model, 'test').model;
  const session = await ort.InferenceSession.create(bytes, { intraOpNumThreads: 1 });
  return async (tensors) => {
    const feeds: Record<string, ort.Tensor> = {};
    for (const [name, modelName] of inputs) feeds[modelName] = toOrt(tensors[name]);
    for (const feed of planFeeds) {
      for (const [name, tensor] of Object.entries(await feed.feeds(tensors))) feeds[name] = toOrt(tensor);
    }
    const results = await session.run(feeds);
    return Object.fromEntries(
      [...outputs].map(([name, modelName]) => [
        name,
        Float32Array.from(results[modelName].data as Float32Array),
      ]),
    );
  };
}

/** Random numbers between −size and size. */
export function numbers(shape: readonly number[], seed: number, size: number): Tensor<'f32'> {
  const random = mulberry32(seed);
  const count = shape.reduce((product, extent) => product * extent, 1);
  return f32(
    shape,
    Float32Array.from({ length: count }, () => size * (random() / 2 ** 31 - 1)),
  );
}

/** The greatest difference of two lists of numbers; 0 for equal infinities, NaN for a NaN on one side. */
export function greatestError(values: Float32Array, expected: ArrayLike<number>): number {
  return values.reduce((greatest, value, i) => {
    const error = Object.is(value, expected[i]) ? 0 : Math.abs(value - expected[i]);
    return Math.max(greatest, error);
  }, 0);
}
