/**
 * Reformer's LSH attention on one of our backends, as a graph that hashes, sorts and attends: by itself, as a layer with its projections
 * of 12 × 64, or only as far as the orders.
 */
import {
  f32,
  GraphBuilder,
  lshAttention,
  type Graph,
  type LshOptions,
  type Tensor,
  type Tensors,
  type Value,
} from '@attn/core';
import { lshReferenceRows } from '@attn/core/reference';
import { sampleRows } from '@attn/conformance/rows';
import type { Candidate, Contestant, LshSpec } from '../contest/protocol.ts';
import { uniform } from '../inputs.ts';
import { makeBackend } from './attention.ts';

/** Largest error that f32 rounding explains for inputs in [−1, 1) and these sizes. */
const TOLERANCE = 1e-5;

const CHECKED_ROWS = 24;

/** Makes the contestant. */
export async function makeLsh({ options, problem }: Candidate): Promise<Contestant> {
  const { n, heads = 8, headDim = 64, lsh = {} } = problem;
  const { part = 'attention', ...lshOptions } = lsh;
  const shape = [1, heads, n, headDim];
  const size = heads * n * headDim;
  const inputs: Tensors =
    part === 'layer'
      ? { x: f32([1, n, heads * headDim], uniform(size, 1)) }
      : { qk: f32(shape, uniform(size, 1)), v: f32(shape, uniform(size, 2)) };
  const graph = graphOf(inputs, shape, lsh);
  const backend = await makeBackend(options);
  await backend.probe();
  const executable = await backend.compile(graph);
  return {
    run: (onProgress) => executable.run(inputs, { onProgress }),
    async check() {
      if (part === 'layer') return 0; // its attention is checked by itself
      const whole = await backend.compile(graphOf(inputs, shape, { ...lshOptions, part: 'all' }));
      const outputs = await whole.run(inputs);
      whole.dispose();
      const error = greatestError(inputs, outputs, lshOptions);
      if (!(error <= TOLERANCE)) throw new Error(`the result is wrong by ${error}`);
      return error;
    },
    dispose: () => backend.dispose(),
  };
}

function graphOf(inputs: Tensors, shape: readonly number[], { part = 'attention', ...lsh }: LshSpec): Graph {
  const options: LshOptions = { chunkLength: 64, ...lsh };
  const builder = new GraphBuilder();
  if (part === 'layer') return layer(builder, inputs.x, shape, options);
  const [qk, v] = [builder.input('qk', inputs.qk), builder.input('v', inputs.v)];
  const { out, order } = lshAttention(builder, { qk, v }, options);
  if (part === 'order') return builder.build({ order });
  return builder.build(part === 'all' ? { out, order } : { out });
}

/** Two projections without bias, and heads side by side again: Hugging Face's `LSHSelfAttention`. */
function layer(builder: GraphBuilder, hidden: Tensor, shape: readonly number[], options: LshOptions): Graph {
  const [batch, heads, n, headDim] = shape;
  const width = heads * headDim;
  const x = builder.input('x', hidden);
  const project = (seed: number): Value => {
    const scaled = uniform(width * width, seed).map((value) => value / Math.sqrt(width / 3));
    const weight = builder.constant(f32([width, width], scaled));
    return builder.reshape(builder.linear(x, weight), [batch, n, heads, headDim]);
  };
  const { out } = lshAttention(builder, { qk: project(3), v: project(4) }, { ...options, layout: 'bnhd' });
  return builder.build({ out: builder.reshape(out, [batch, n, width]) });
}

/** Of sampled rows, against the float64 reference with the orders that the backend found. */
function greatestError(inputs: Tensors, { out, order }: Tensors, lsh: LshSpec): number {
  const [, heads, n, dim] = out.shape;
  const rows = sampleRows(CHECKED_ROWS, heads, n);
  const { causal } = lsh;
  const attributes = { chunkLength: 64, wrap: true, causal };
  const read = { qk: numbers(inputs.qk), v: numbers(inputs.v), order: numbers(order) };
  const expected = lshReferenceRows(read, attributes, rows);
  return rows.reduce((worst, { head, row }, index) => {
    const at = (head * n + row) * dim;
    const errors = Array.from({ length: dim }, (_, d) =>
      Math.abs(Number(out.data[at + d]) - expected.data[index * dim + d]),
    );
    return errors.reduce((most, error) => Math.max(most, error), worst);
  }, 0);
}

function numbers({ shape, data }: Tensor): {
  readonly shape: readonly number[];
  readonly data: Float32Array | Int32Array;
} {
  if (data instanceof Float32Array || data instanceof Int32Array) return { shape, data };
  throw new TypeError('expected f32 or i32');
}
