/**
 * The graphs of the regret sweep: dense and causal attention, windows, global tokens, masks that depend
 * on data, Reformer, Linformer and small models, from calls of microseconds to calls of seconds. Large
 * sizes matter little here: the choice is hard where overheads are as large as the work.
 */
import {
  causal,
  f32,
  full,
  globalTokens,
  GraphBuilder,
  buildLsh,
  or,
  slidingWindow,
  zeros,
  type Graph,
  type Pattern,
  type Tensor,
  type TensorSpec,
  type Tensors,
} from '@attn/core';
import { uniform } from '../inputs.ts';

/** A graph of the sweep. */
export interface SweepGraph {
  /** Name in the table: `window 256+256`, `encoder`. */
  readonly family: string;
  readonly n: number;
  /** Batch times heads. */
  readonly heads: number;
  readonly headDim: number;
  /** Builds the graph when its turn comes, because constants of models take memory. */
  build(): { readonly graph: Graph; readonly inputs: Tensors };
}

/**
 * Size of the pool of random numbers for all inputs. Making new
 * numbers for each graph would take longer than running it.
 */
const POOL = 2 ** 22;
let pool: Float32Array | undefined;

/** A tensor of numbers in [−1, 1), or of ones for other dtypes than floats. */
function fill(spec: TensorSpec, seed: number): Tensor {
  const tensor = zeros(spec.dtype, spec.shape);
  const { data } = tensor;
  if (!(data instanceof Float32Array)) {
    data.fill(1);
    return tensor;
  }
  pool ??= uniform(POOL, 1);
  for (let at = 0; at < data.length;) {
    const from = (7919 * seed + at) % POOL;
    const part = pool.subarray(from, Math.min(POOL, from + data.length - at));
    data.set(part, at);
    at += part.length;
  }
  return tensor;
}

/** Tensors for all inputs of a graph. */
function inputsOf(graph: Graph): Tensors {
  return Object.fromEntries(
    [...graph.inputs].map(([name, id], index) => [name, fill(graph.values[id], index + 1)]),
  );
}

type Sizes = readonly [n: number, heads: number, headDim: number];

interface AttentionOptions {
  /** Hide keys by a mask that is an input. */
  readonly masked?: boolean;
  readonly batch?: number;
  readonly queries?: number;
  readonly kvHeads?: number;
}

function attention(
  family: string,
  [n, heads, headDim]: Sizes,
  pattern: Pattern = full(),
  { masked = false, batch = 1, queries = n, kvHeads = heads }: AttentionOptions = {},
): SweepGraph {
  const build = () => {
    const builder = new GraphBuilder();
    const input = (name: string, count: number, length: number) =>
      builder.input(name, { dtype: 'f32', shape: [batch, count, length, headDim] });
    const mask = masked ? { keyMask: builder.input('keyMask', { dtype: 'bool', shape: [batch, n] }) } : {};
    const operands = {
      q: input('q', heads, queries),
      k: input('k', kvHeads, n),
      v: input('v', kvHeads, n),
      ...mask,
    };
    const { out } = builder.attention(operands, { pattern });
    const graph = builder.build({ out });
    return { graph, inputs: inputsOf(graph) };
  };
  return { family, n, heads: batch * heads, headDim, build };
}

function windowOf(size: number, dilation = 1): Pattern {
  return slidingWindow({ before: size, after: size, dilation });
}

function scattered(n: number, count: number): Pattern {
  return globalTokens(Array.from({ length: count }, (_, i) => Math.floor(((i + 0.5) * n) / count)));
}

/** Hashing, sorting and attention in chunks of 64. */
function lsh([n, heads, headDim]: Sizes, rounds: number): SweepGraph {
  const build = () => {
    const builder = new GraphBuilder();
    const input = (name: string) => builder.input(name, { dtype: 'f32', shape: [1, heads, n, headDim] });
    const { out } = buildLsh(builder, { q: input('q'), v: input('v') }, { rounds, bucketCount: 32 });
    const graph = builder.build({ out });
    return { graph, inputs: inputsOf(graph) };
  };
  return { family: `lsh, ${rounds} rounds`, n, heads, headDim, build };
}

/** Keys and values projected to k rows. */
function linformer([n, heads, headDim]: Sizes, k: number): SweepGraph {
  const build = () => {
    const builder = new GraphBuilder();
    const shape = [1, heads, n, headDim];
    const [q, keys, values] = ['q', 'k', 'v'].map((name) => builder.input(name, { dtype: 'f32', shape }));
    const [e, f] = [1, 2].map((seed) => builder.constant(fill({ dtype: 'f32', shape: [k, n] }, seed)));
    const { out } = builder.attention(
      { q, k: builder.matmul(e, keys), v: builder.matmul(f, values) },
      { pattern: full() },
    );
    const graph = builder.build({ out });
    return { graph, inputs: inputsOf(graph) };
  };
  return { family: `linformer ${k}`, n, heads, headDim, build };
}

/** A transformer encoder: layers of attention and a feed-forward network of four times the width. */
function encoder(
  family: string,
  [n, heads, headDim]: Sizes,
  layers: number,
  pattern: Pattern = full(),
): SweepGraph {
  const build = () => {
    const builder = new GraphBuilder();
    const width = heads * headDim;
    let seed = 10;
    const weight = (...shape: number[]) => {
      const weight = fill({ dtype: 'f32', shape }, seed++);
      // As large as initialisers make them, so that activations neither grow nor vanish.
      const scale = 1 / Math.sqrt(shape[shape.length - 1]);
      if (weight.data instanceof Float32Array)
        for (let i = 0; i < weight.data.length; i++) weight.data[i] *= scale;
      return builder.constant(weight);
    };
    const ones = builder.constant(f32([width], new Float32Array(width).fill(1)));
    const none = builder.constant(f32([width], new Float32Array(width)));
    let x = builder.input('x', { dtype: 'f32', shape: [1, n, width] });
    const toHeads = (value: typeof x) => builder.reshape(value, [1, n, heads, headDim]);
    for (let layer = 0; layer < layers; layer++) {
      const normed = builder.layerNorm(x, { weight: ones, bias: none });
      const [q, k, v] = [1, 2, 3].map(() =>
        toHeads(builder.linear(normed, weight(width, width), weight(width))),
      );
      const { out } = builder.attention({ q, k, v }, { pattern, layout: 'bnhd' });
      const merged = builder.reshape(out, [1, n, width]);
      x = builder.add(x, builder.linear(merged, weight(width, width), weight(width)));
      const hidden = builder.linear(
        builder.layerNorm(x, { weight: ones, bias: none }),
        weight(4 * width, width),
        weight(4 * width),
        { activation: 'gelu' },
      );
      x = builder.add(x, builder.linear(hidden, weight(width, 4 * width), weight(width)));
    }
    const graph = builder.build({ x });
    return { graph, inputs: inputsOf(graph) };
  };
  return { family, n, heads, headDim, build };
}

/** Options of the sweep. */
export interface SweepOptions {
  readonly quick: boolean;
  readonly only?: string;
}

/** The graphs whose family contains `only`; with `quick`, a few small ones. */
export function sweepGraphs({ quick, only = '' }: SweepOptions): readonly SweepGraph[] {
  return allGraphs({ quick }).filter(({ family }) => family.includes(only));
}

function allGraphs({ quick }: SweepOptions): readonly SweepGraph[] {
  const graphsOf = (list: readonly Sizes[], make: (sizes: Sizes) => SweepGraph): SweepGraph[] =>
    list.map(make);
  if (quick) {
    return [
      attention('dense', [16, 1, 64]),
      attention('dense', [256, 8, 64]),
      attention('causal', [256, 8, 64], causal()),
      attention('window 64+64', [1024, 8, 64], windowOf(64)),
      linformer([1024, 8, 64], 64),
      encoder('encoder, 2 layers', [128, 4, 32], 2),
    ];
  }
  return [
    ...graphsOf(
      [
        [16, 1, 32],
        [16, 8, 64],
        [16, 64, 64],
        [32, 4, 32],
        [64, 1, 64],
        [64, 8, 64],
        [64, 64, 64],
        [64, 8, 128],
        [100, 8, 64],
        [128, 1, 64],
        [128, 8, 32],
        [128, 8, 64],
        [128, 8, 128],
        [128, 64, 64],
        [256, 1, 64],
        [256, 8, 64],
        [256, 64, 32],
        [300, 12, 64],
        [512, 1, 128],
        [512, 8, 64],
        [512, 64, 64],
        [1000, 8, 64],
        [1024, 1, 64],
        [1024, 8, 32],
        [1024, 8, 64],
        [1024, 8, 128],
        [2048, 8, 64],
        [4096, 1, 64],
        [4096, 4, 64],
      ],
      (sizes) => attention('dense', sizes),
    ),
    ...graphsOf(
      [
        [16, 8, 64],
        [64, 8, 64],
        [128, 8, 64],
        [256, 1, 64],
        [256, 8, 64],
        [512, 8, 64],
        [512, 64, 32],
        [1024, 1, 128],
        [1024, 8, 64],
        [2048, 8, 64],
        [2048, 8, 128],
        [4096, 4, 64],
        [8192, 1, 64],
      ],
      (sizes) => attention('causal', sizes, causal()),
    ),
    attention('one query, causal', [1024, 8, 64], causal(), { queries: 1 }),
    attention('one query, causal', [8192, 32, 128], causal(), { queries: 1, kvHeads: 8 }),
    attention('grouped queries', [512, 8, 64], full(), { kvHeads: 2 }),
    ...graphsOf(
      [
        [256, 8, 64],
        [1024, 8, 64],
        [1024, 8, 32],
        [4096, 1, 64],
        [4096, 8, 64],
        [16_384, 1, 64],
        [16_384, 4, 32],
        [65_536, 1, 64],
      ],
      (sizes) => attention('window 64+64', sizes, windowOf(64)),
    ),
    ...graphsOf(
      [
        [512, 8, 64],
        [1024, 1, 64],
        [1024, 8, 64],
        [2048, 8, 128],
        [4096, 1, 64],
        [4096, 8, 64],
        [4096, 64, 64],
        [8192, 8, 32],
        [16_384, 8, 64],
        [65_536, 1, 64],
        [65_536, 4, 64],
      ],
      (sizes) => attention('window 256+256', sizes, windowOf(256)),
    ),
    ...graphsOf(
      [
        [4096, 8, 64],
        [16_384, 2, 64],
      ],
      (sizes) => attention('window 256+256, dilation 4', sizes, windowOf(256, 4)),
    ),
    ...graphsOf(
      [
        [1024, 8, 64],
        [4096, 8, 64],
        [4096, 12, 64],
        [16_384, 4, 64],
      ],
      (sizes) => attention('window 256+256, 1 global', sizes, or(windowOf(256), globalTokens([0]))),
    ),
    ...graphsOf(
      [
        [1024, 8, 64],
        [4096, 8, 64],
        [16_384, 2, 64],
      ],
      (sizes) => attention('window 256+256, 64 globals', sizes, or(windowOf(256), scattered(sizes[0], 64))),
    ),
    ...graphsOf(
      [
        [64, 8, 64],
        [128, 12, 64],
        [512, 8, 64],
        [1024, 8, 64],
        [2048, 4, 64],
      ],
      (sizes) => attention('dense, key mask', sizes, full(), { masked: true }),
    ),
    attention('dense, key mask', [128, 4, 64], full(), { masked: true, batch: 8 }),
    attention('window 256+256, key mask', [4096, 4, 64], windowOf(256), { masked: true }),
    ...graphsOf(
      [
        [1024, 4, 64],
        [4096, 8, 64],
      ],
      (sizes) => lsh(sizes, 2),
    ),
    ...graphsOf(
      [
        [512, 8, 64],
        [1024, 1, 64],
        [4096, 8, 64],
        [16_384, 4, 64],
      ],
      (sizes) => linformer(sizes, 256),
    ),
    linformer([1024, 8, 32], 64),
    encoder('encoder, 1 layer', [16, 4, 32], 1),
    encoder('encoder, 2 layers', [64, 4, 32], 2),
    encoder('encoder, 4 layers', [128, 4, 64], 4),
    encoder('encoder, 2 layers', [512, 8, 64], 2),
    encoder('encoder, 1 layer', [1024, 12, 64], 1),
    encoder('encoder, window 128+128', [2048, 8, 32], 2, windowOf(128)),
  ];
}
