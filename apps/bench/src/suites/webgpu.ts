/**
 * The GPU: time on the GPU itself if it has timestamps, otherwise of the whole run. `gpu/main.ts`
 * runs this suite alone, and `gpu/carry.ts` puts it into a folder that can be carried to a machine
 * with a GPU. On a GPU made of software (`--quick`) it shows that the suite works, and nothing else.
 */
import {
  causal,
  f32,
  full,
  globalTokens,
  GraphBuilder,
  i32,
  or,
  slidingWindow,
  type Graph,
  type Pattern,
  type Tensor,
  type Tensors,
} from '@attn/core';
import { cpu } from '@attn/cpu';
import { longformerFamily, randomCheckpoint } from '@attn/models/node';
import type { WebGpuOptions } from '@attn/webgpu';
import { GpuBench, workOf, type AttentionShape, type Row } from '../gpu/gpu-bench.ts';
import { uniform } from '../inputs.ts';
import { longformerConfig, tokens } from '../longformer.ts';
import { checkLsh, lshGraph, lshInputs } from '../lsh.ts';
import type { Suite, SuiteOptions, Table } from '../suite.ts';

export const webgpuSuite: Suite = {
  name: 'webgpu',
  describes: 'the GPU, by its own clock',
  async run(options) {
    const bench = await GpuBench.open(options);
    if (typeof bench === 'string') {
      return [{ title: 'WebGPU', note: 'No adapter.', rows: [{ what: 'adapter', why: bench }] }];
    }
    try {
      bench.log(bench.adapter);
      const [attention, rate] = await dense(bench);
      return [
        attention,
        await windows(bench, rate),
        await lsh(bench, rate),
        await products(bench),
        await models(bench),
        await variants(bench, options),
      ];
    } finally {
      await bench.dispose();
    }
  },
};

const DTYPES = ['f32', 'f16'] as const;

/** Most elements of a tensor. Larger tensors show nothing new, and take minutes to make and to upload. */
const LARGEST = 2 ** 26;

/** Tokens up to which a model is computed in plain JavaScript too, which takes seconds. */
const PLAIN_TOKENS = 16;

/** Runs a graph in plain JavaScript. */
async function onCpu(graph: Graph, inputs: Tensors): Promise<Tensors> {
  const backend = cpu();
  const executable = await backend.compile(graph);
  const outputs = await executable.run(inputs);
  executable.dispose();
  await backend.dispose();
  return outputs;
}

/** Throws when a result is not a number, or differs from the other result by more than rounding. */
function checkNumbers({ data }: Tensor, expected: Tensor | undefined, tolerance: number): void {
  for (let i = 0; i < data.length; i++) {
    const reference = expected?.data[i] ?? data[i];
    if (Math.abs(data[i] - reference) <= tolerance) continue;
    throw new Error(`result ${i} is ${data[i]}, expected ${expected ? reference : 'a number'}`);
  }
}

/**
 * Dense and causal attention, and the operations per millisecond of
 * the fastest dense one in f32 with heads of 64.
 */
async function dense(bench: GpuBench): Promise<readonly [Table, rate: number]> {
  const rows: Row[] = [];
  let rate = 0;
  const lengths = bench.quick ? [256] : [1024, 2048, 4096, 8192, 16_384, 32_768];
  const shapes = bench.quick
    ? [[2, 64]]
    : [
        [8, 64],
        [8, 128],
        [64, 64],
        [64, 128],
      ];
  for (const [heads, headDim] of shapes) {
    for (const n of lengths.filter((length) => length * heads * headDim <= LARGEST)) {
      for (const [what, pattern] of Object.entries({ dense: full(), causal: causal() })) {
        let ofF32: number | undefined;
        for (const dtype of DTYPES) {
          const shape: AttentionShape = { n, heads, headDim, pattern, dtype };
          const timing = await bench.attention(shape);
          const { flops, bytes } = workOf(shape);
          const ms = typeof timing === 'string' ? undefined : timing.gpu.median;
          if (dtype === 'f32') ofF32 = ms;
          if (dtype === 'f32' && headDim === 64 && ms !== undefined) rate = Math.max(rate, flops / ms);
          const gain = ofF32 === undefined || ms === undefined ? '' : ofF32 / ms;
          const figures = bench.figures(timing, flops, bytes);
          rows.push({ what, n, heads, 'head dim': headDim, dtype, ...figures, 'times as fast as f32': gain });
        }
      }
    }
  }
  const note = `${bench.adapter}, B = 1. Flops of allowed pairs; bytes of q, k, v and the output. Targets: half of the f32 peak, and f16 1.6 times as fast.`;
  return [{ title: 'WebGPU: dense and causal attention', note, rows }, rate];
}

/** Sparse patterns, beside the time that the fastest dense attention would take for equally many pairs. */
async function windows(bench: GpuBench, rate: number): Promise<Table> {
  const rows: Row[] = [];
  const headDim = 64;
  for (const n of bench.quick ? [1024] : [16_384, 65_536, 262_144, 1_048_576]) {
    const heads = bench.quick ? 2 : Math.min(8, LARGEST / (n * headDim));
    const window = slidingWindow({ before: 256, after: 256 });
    const scattered = Array.from({ length: 64 }, (_, i) => Math.floor(((i + 0.5) * n) / 64));
    const patterns: Readonly<Record<string, Pattern>> = {
      'window 256+256': window,
      'the same, dilation 4': slidingWindow({ before: 256, after: 256, dilation: 4 }),
      'the same, 64 globals': or(window, globalTokens(scattered)),
      // As many pairs as a chunk of Reformer has: 64 queries, 128 keys.
      'window 64+63': slidingWindow({ before: 64, after: 63 }),
    };
    for (const [what, pattern] of Object.entries(patterns)) {
      const shape: AttentionShape = { n, heads, headDim, pattern };
      const timing = await bench.attention(shape);
      const { flops, bytes } = workOf(shape);
      const share = typeof timing === 'string' || rate === 0 ? '' : (timing.gpu.median * rate) / flops;
      rows.push({ what, n, heads, ...bench.figures(timing, flops, bytes), 'times its share': share });
    }
  }
  const note = `${bench.adapter}, f32, heads of 64, B = 1. Flops of allowed pairs; "times its share" is over what the fastest dense attention above takes for as many. Target: 1.2.`;
  return { title: 'WebGPU: windows', note, rows };
}

/** LSH attention: hashing, sorting and the attention within chunks of 64. */
async function lsh(bench: GpuBench, rate: number): Promise<Table> {
  const rows: Row[] = [];
  const [heads, headDim, chunkLength] = [bench.quick ? 2 : 8, 64, 64];
  for (const n of bench.quick ? [512] : [4096, 16_384, 65_536]) {
    for (const rounds of bench.quick ? [2] : [1, 4]) {
      bench.log(`lsh, n = ${n}, ${rounds} rounds`);
      const shape = [1, heads, n, headDim];
      const spec = { rounds, part: 'all' } as const;
      const inputs = lshInputs(shape, spec);
      const timing = await bench.time(lshGraph(inputs, shape, spec), inputs, (outputs) => {
        checkLsh(inputs, outputs, spec);
      });
      // Each token and the chunk before its own: 2 · 64 keys.
      const flops = 4 * headDim * heads * rounds * n * 2 * chunkLength;
      const share = typeof timing === 'string' || rate === 0 ? '' : (timing.gpu.median * rate) / flops;
      const figures = bench.figures(timing, flops, 12 * heads * n * headDim);
      rows.push({ what: `LSH, ${rounds} rounds`, n, heads, ...figures, 'times its share': share });
    }
  }
  const note = `${bench.adapter}, f32, heads of 64, B = 1: hashes, sorts and attention within chunks of ${chunkLength}. Flops of the attention alone.`;
  return { title: 'WebGPU: LSH attention', note, rows };
}

/** Longformer-base in real size with random weights, which stay on the device. */
async function models(bench: GpuBench): Promise<Table> {
  const rows: Row[] = [];
  const lengths = bench.quick ? [PLAIN_TOKENS] : [PLAIN_TOKENS, 512, 4096, 16_384];
  const config = longformerConfig(Math.max(...lengths) + 2, { quick: bench.quick });
  const model = await longformerFamily.load(randomCheckpoint(longformerFamily, config));
  for (const n of lengths) {
    bench.log(`Longformer-base, n = ${n}`);
    const first = i32([1, n], new Int32Array(n).fill(1, 0, 1));
    const { graph, inputs } = model.call({ ...tokens(n), globalAttentionMask: first });
    const plain = n <= PLAIN_TOKENS ? await onCpu(graph, inputs) : undefined;
    const timing = await bench.time(graph, inputs, ({ last_hidden_state: states }) => {
      checkNumbers(states, plain?.last_hidden_state, 1e-3);
    });
    const { gpu, run } = typeof timing === 'string' ? { gpu: undefined, run: undefined } : timing;
    rows.push({
      n,
      'GPU ms': gpu?.median ?? String(timing),
      '± ms': gpu?.spread ?? '',
      'run with transfers, ms': run?.median ?? '',
      'tokens a second': run === undefined ? '' : (1000 * n) / run.median,
    });
  }
  const note = `${bench.adapter}, f32, ${config.num_hidden_layers} layers, window 512, the first token global, random weights. Up to n = ${PLAIN_TOKENS} compared with plain JavaScript.`;
  return { title: 'WebGPU: Longformer-base, forward', note, rows };
}

async function products(bench: GpuBench): Promise<Table> {
  const rows: Row[] = [];
  for (const side of bench.quick ? [128] : [1024, 4096]) {
    rows.push(await product(bench, side));
  }
  return { title: 'WebGPU: products', note: `${bench.adapter}, f32.`, rows };
}

async function product(bench: GpuBench, side: number): Promise<Row> {
  bench.log(`product ${side}³`);
  const matrix = (seed: number) => f32([side, side], uniform(side * side, seed));
  const builder = new GraphBuilder();
  const [a, b] = [matrix(1), matrix(2)];
  // Constants stay on the device, and only a corner of the result comes back.
  const result = builder.matmul(builder.constant(a), builder.constant(b));
  const graph = builder.build({ corner: builder.slice(result, [0, 0], [4, 4]) });
  const timing = await bench.time(graph, {}, ({ corner }) => {
    for (let row = 0; row < 4; row++) {
      for (let column = 0; column < 4; column++) {
        let sum = 0;
        for (let i = 0; i < side; i++) sum += a.data[row * side + i] * b.data[i * side + column];
        const error = Math.abs(sum - corner.data[row * 4 + column]);
        if (!(error <= 2e-7 * side)) throw new Error(`the product is wrong by ${error}`);
      }
    }
  });
  return { what: `${side} × ${side} × ${side}`, ...bench.figures(timing, 2 * side ** 3, 12 * side ** 2) };
}

/** The value of each choice between kernels: the defaults of `webgpu()` should be the fastest rows. */
async function variants(bench: GpuBench, options: SuiteOptions): Promise<Table> {
  const rows: Row[] = [];
  const rowsOfBlock = bench.quick ? ([16] as const) : ([64, 32] as const);
  const settings: readonly (readonly [what: string, settings: WebGpuOptions])[] = [
    ...rowsOfBlock.flatMap((attentionRows) =>
      [false, true].map((subgroups): readonly [string, WebGpuOptions] => [
        `attention, ${attentionRows} queries a workgroup${subgroups ? ', subgroups' : ''}`,
        { attentionRows, subgroups },
      ]),
    ),
    ['products in tiles of 64', { gemmTile: 64 }],
    ['products in tiles of 128', { gemmTile: 128 }],
  ];
  const n = bench.quick ? 256 : 8192;
  for (const [what, setting] of settings) {
    bench.log(what);
    const other = await GpuBench.open(options, setting);
    if (typeof other === 'string') {
      rows.push({ what, 'head dim': '', 'GPU ms': other });
      continue;
    }
    if (setting.gemmTile !== undefined) {
      const row = await product(other, bench.quick ? 128 : 4096);
      rows.push({ ...row, what, 'head dim': '' });
    } else {
      for (const headDim of bench.quick ? [64] : [64, 128]) {
        const shape: AttentionShape = { n, heads: 8, headDim, pattern: full() };
        const { flops, bytes } = workOf(shape);
        rows.push({
          what,
          'head dim': headDim,
          ...other.figures(await other.attention(shape), flops, bytes),
        });
      }
    }
    await other.dispose();
  }
  return {
    title: 'WebGPU: variants',
    note: `${bench.adapter}, f32: dense attention of 8 heads, n = ${n}, and products of ${bench.quick ? 128 : 4096}³.`,
    rows,
  };
}
