/**
 * Reformer's LSH attention as graphs that hash, sort and attend, with
 * their inputs and the check of their results.
 */
import { f32, GraphBuilder, buildLsh, type Graph, type Tensor, type Tensors, type Value } from '@attn/core';
import { type LshOptions } from '@attn/core/backend';
import { lshReferenceRows } from '@attn/core/reference';
import { sampleRows } from '@attn/conformance/rows';
import type { LshSpec } from './contest/protocol.ts';
import { uniform } from './inputs.ts';

/** Largest error that f32 rounding explains for inputs in [−1, 1) and these sizes. */
const TOLERANCE = 1e-5;

const CHECKED_ROWS = 24;

/** Inputs of `lshGraph` for a shape [1, heads, n, headDim]. */
export function lshInputs(shape: readonly number[], { part }: LshSpec): Tensors {
  const [, heads, n, headDim] = shape;
  const size = heads * n * headDim;
  if (part === 'layer') return { x: f32([1, n, heads * headDim], uniform(size, 1)) };
  return { q: f32(shape, uniform(size, 1)), v: f32(shape, uniform(size, 2)) };
}

/** The graph of hashing, sorting and attention, or of the part that the description asks for. */
export function lshGraph(
  inputs: Tensors,
  shape: readonly number[],
  { part = 'attention', ...lsh }: LshSpec,
): Graph {
  const options: LshOptions = { chunkLength: 64, ...lsh };
  const builder = new GraphBuilder();
  if (part === 'layer') return layer(builder, inputs.x, shape, options);
  const [q, v] = [builder.input('q', inputs.q), builder.input('v', inputs.v)];
  const { out, order } = buildLsh(builder, { q, v }, options);
  if (part === 'order') return builder.build({ order });
  return builder.build(part === 'all' ? { out, order } : { out });
}

/** Hugging Face's `LSHSelfAttention`: two projections without bias, attention, and the heads side by side. */
function layer(builder: GraphBuilder, hidden: Tensor, shape: readonly number[], options: LshOptions): Graph {
  const [batch, heads, n, headDim] = shape;
  const width = heads * headDim;
  const x = builder.input('x', hidden);
  const project = (seed: number): Value => {
    const scaled = uniform(width * width, seed).map((value) => value / Math.sqrt(width / 3));
    const weight = builder.constant(f32([width, width], scaled));
    return builder.reshape(builder.linear(x, weight), [batch, n, heads, headDim]);
  };
  const { out } = buildLsh(builder, { q: project(3), v: project(4) }, { ...options, layout: 'bnhd' });
  return builder.build({ out: builder.reshape(out, [batch, n, width]) });
}

/**
 * Compares sampled rows of `out` with the float64 reference at the run's own
 * orders. Returns the greatest error, or throws when it is more than rounding.
 */
export function checkLsh(inputs: Tensors, { out, order }: Tensors, lsh: LshSpec): number {
  const [, heads, n, dim] = out.shape;
  const rows = sampleRows(CHECKED_ROWS, heads, n);
  const { causal } = lsh;
  const attributes = { chunkLength: 64, wrap: true, causal };
  const referenceInputs = { q: numbers(inputs.q), v: numbers(inputs.v), order: numbers(order) };
  const expected = lshReferenceRows(referenceInputs, attributes, rows);
  const worst = rows.reduce((most, { head, row }, index) => {
    const at = (head * n + row) * dim;
    const errors = Array.from({ length: dim }, (_, d) =>
      Math.abs(Number(out.data[at + d]) - expected.data[index * dim + d]),
    );
    return errors.reduce((greatest, error) => Math.max(greatest, error), most);
  }, 0);
  if (!(worst <= TOLERANCE)) throw new Error(`the result is wrong by ${worst}`);
  return worst;
}

function numbers({ shape, data }: Tensor): {
  readonly shape: readonly number[];
  readonly data: Float32Array | Int32Array;
} {
  if (data instanceof Float32Array || data instanceof Int32Array) return { shape, data };
  throw new TypeError('expected f32 or i32');
}
