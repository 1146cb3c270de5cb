/**
 * The GPU: time on the GPU itself by timestamps where it has them, else of the whole run. Runs in plain Node with the built files, the
 * package webgpu and a Vulkan loader, so that it can be carried to a machine with a GPU. On a GPU made of software (`--quick`) it
 * shows that the suite works, and nothing else.
 */
import {
  attentionGraph,
  attentionInputs,
  causal,
  f32,
  full,
  globalTokens,
  GraphBuilder,
  or,
  planAttention,
  slidingWindow,
  type Backend,
  type Graph,
  type Pattern,
  type Tensors,
} from '@attn/core';
import { webgpu } from '@attn/webgpu';
import { problem, uniform } from '../inputs.ts';
import { summarise, type Timing } from '../measure.ts';
import { checkRows } from '../oracle.ts';
import type { Suite, SuiteOptions, Table } from '../suite.ts';

type Row = Table['rows'][number];

export const webgpuSuite: Suite = {
  name: 'webgpu',
  describes: 'the GPU, by its own clock',
  async run(options) {
    const times: number[] = [];
    const backend = webgpu({ onGpuTime: (ms) => times.push(ms) });
    try {
      const probe = await backend.probe();
      if (!probe.available) {
        return [{ title: 'WebGPU', note: 'No adapter.', rows: [{ what: 'adapter', why: probe.reason }] }];
      }
      options.log(`webgpu: ${probe.summary}`);
      const bench = new GpuBench(backend, times, options);
      const adapter = `${probe.summary}, f32, B = 1, ${options.quick ? 'small sizes' : '8 heads × 64 unless said'}. `;
      return [await dense(bench, adapter), await windows(bench, adapter), await products(bench, adapter)];
    } finally {
      await backend.dispose();
    }
  },
};

/** Times graphs on one backend. */
class GpuBench {
  readonly quick: boolean;
  private readonly backend: Backend;
  private readonly times: number[];
  private readonly options: SuiteOptions;

  constructor(backend: Backend, times: number[], options: SuiteOptions) {
    this.backend = backend;
    this.times = times;
    this.options = options;
    this.quick = options.quick;
  }

  log(message: string): void {
    this.options.log(`webgpu: ${message}`);
  }

  /** Milliseconds on the GPU, and of whole runs with their transfers; or why not. */
  async time(
    graph: Graph,
    inputs: Tensors,
    check: (outputs: Tensors) => void,
  ): Promise<{ readonly gpu: Timing; readonly run: Timing } | string> {
    try {
      const executable = await this.backend.compile(graph);
      check(await executable.run(inputs));
      const runs: number[] = [];
      this.times.length = 0;
      for (let round = 0; round < this.options.rounds; round++) {
        const start = performance.now();
        await executable.run(inputs);
        runs.push(performance.now() - start);
      }
      executable.dispose();
      const run = summarise(runs);
      return { gpu: this.times.length > 0 ? summarise(this.times) : run, run };
    } catch (error) {
      return error instanceof Error ? error.message.split('\n')[0] : String(error);
    }
  }

  /** A row of attention. */
  async attention(what: string, n: number, heads: number, headDim: number, pattern: Pattern): Promise<Row> {
    this.log(`${what}, n = ${n}, ${heads} × ${headDim}`);
    const inputs = problem(heads, n, headDim);
    const { q, k, v } = inputs;
    const call = { q, k, v, pattern };
    const timed = await this.time(attentionGraph(call), attentionInputs(call), ({ out }) => {
      checkRows(inputs, { pattern }, out);
    });
    const sizes = { batch: 1, heads, queryLength: n, keyLength: n, queryOffset: 0 };
    const flops = 4 * headDim * planAttention(sizes, pattern).stats.allowedPairs;
    return { what, n, heads, 'head dim': headDim, ...figures(timed, flops) };
  }
}

function figures(timed: Awaited<ReturnType<GpuBench['time']>>, flops: number): Row {
  if (typeof timed === 'string') return { 'GPU ms': timed };
  const { gpu, run } = timed;
  return {
    'GPU ms': gpu.median,
    '± ms': gpu.spread,
    'GFLOP/s': flops / gpu.median / 1e6,
    'run with transfers, ms': run.median,
  };
}

async function dense(bench: GpuBench, adapter: string): Promise<Table> {
  const rows: Row[] = [];
  const lengths = bench.quick ? [256] : [1024, 2048, 4096, 8192, 16_384, 32_768];
  const shapes = bench.quick
    ? [[2, 64]]
    : [
        [8, 64],
        [8, 128],
        [64, 64],
      ];
  for (const [heads, headDim] of shapes) {
    for (const n of lengths.filter((length) => length * heads <= 262_144)) {
      rows.push(await bench.attention('dense', n, heads, headDim, full()));
      rows.push(await bench.attention('causal', n, heads, headDim, causal()));
    }
  }
  return { title: 'WebGPU: dense and causal attention', note: `${adapter}Flops of allowed pairs.`, rows };
}

async function windows(bench: GpuBench, adapter: string): Promise<Table> {
  const rows: Row[] = [];
  const [heads, headDim] = bench.quick ? [2, 64] : [8, 64];
  for (const n of bench.quick ? [1024] : [16_384, 65_536, 262_144, 1_048_576]) {
    // Beyond this a tensor of eight heads is larger than most bindings.
    const fitting = n > 262_144 ? 1 : heads;
    const window = slidingWindow({ before: 256, after: 256 });
    const scattered = Array.from({ length: 64 }, (_, i) => Math.floor(((i + 0.5) * n) / 64));
    rows.push(await bench.attention('window 256+256', n, fitting, headDim, window));
    const dilated = slidingWindow({ before: 256, after: 256, dilation: 4 });
    rows.push(await bench.attention('the same, dilation 4', n, fitting, headDim, dilated));
    rows.push(
      await bench.attention('the same, 64 globals', n, fitting, headDim, or(window, globalTokens(scattered))),
    );
    // As many pairs as a chunk of Reformer's has: 64 queries, 128 keys.
    rows.push(
      await bench.attention('window 64+63', n, fitting, headDim, slidingWindow({ before: 64, after: 63 })),
    );
  }
  const note = `${adapter}Flops of allowed pairs; target: a window within 1.2 times its share of dense attention's time.`;
  return { title: 'WebGPU: windows', note, rows };
}

async function products(bench: GpuBench, adapter: string): Promise<Table> {
  const rows: Row[] = [];
  for (const side of bench.quick ? [128] : [1024, 4096]) {
    bench.log(`product ${side}³`);
    const matrix = (seed: number) => f32([side, side], uniform(side * side, seed));
    const builder = new GraphBuilder();
    const [a, b] = [matrix(1), matrix(2)];
    // Constants stay on the device, and a corner is all that comes back.
    const product = builder.matmul(builder.constant(a), builder.constant(b));
    const graph = builder.build({ corner: builder.slice(product, [0, 0], [4, 4]) });
    const timed = await bench.time(graph, {}, ({ corner }) => {
      for (let row = 0; row < 4; row++) {
        for (let column = 0; column < 4; column++) {
          let sum = 0;
          for (let i = 0; i < side; i++) sum += a.data[row * side + i] * b.data[i * side + column];
          const error = Math.abs(sum - corner.data[row * 4 + column]);
          if (!(error <= 2e-7 * side)) throw new Error(`the product is wrong by ${error}`);
        }
      }
    });
    rows.push({ what: `${side} × ${side} × ${side}`, ...figures(timed, 2 * side ** 3) });
  }
  return { title: 'WebGPU: products', note: adapter, rows };
}
