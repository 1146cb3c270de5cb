/**
 * Times graphs on the GPU: by the GPU's timestamps if it has them,
 * otherwise whole runs. Every result is checked.
 */
import { GraphBuilder, planAttention, type Graph, type Pattern, type Tensor, type Tensors } from '@attn/core';
import { attention } from '@attn/core';
import { float32ToHalf, halfToFloat32 } from '@attn/core/backend';
import {
  webgpu,
  type GpuBackend,
  type GpuExecutable,
  type GpuTensor,
  type WebGpuOptions,
} from '@attn/webgpu';
import { problem, type Problem } from '../inputs.ts';
import { summarise, type Timing } from '../measure.ts';
import { checkRows } from '../oracle.ts';
import type { SuiteOptions, Table } from '../suite.ts';
import { peaksOf, type Peaks } from './peaks.ts';

/** A row of a table. */
export type Row = Table['rows'][number];

/** Sizes and pattern of an attention call. */
export interface AttentionShape {
  readonly n: number;
  readonly heads: number;
  readonly headDim: number;
  readonly pattern: Pattern;
  readonly dtype?: 'f32' | 'f16';
}

/** Milliseconds on the GPU, and of whole runs. */
export interface GpuTiming {
  readonly gpu: Timing;
  readonly run: Timing;
}

/** Milliseconds of work that a GPU gets before it is timed. */
const BUSY_MS = 80;
/** Most runs of that work. */
const MOST_REPEATS = 100;

/** Largest error of a result in halves, whose rows are averages of numbers below 1. */
const HALF_TOLERANCE = 1e-3;

/** Times graphs on one GPU. */
export class GpuBench {
  readonly quick: boolean;
  readonly adapter: string;
  private readonly backend: GpuBackend;
  private readonly times: number[];
  private readonly options: SuiteOptions;
  private readonly peaks: Peaks | undefined;

  private constructor(backend: GpuBackend, adapter: string, times: number[], options: SuiteOptions) {
    this.backend = backend;
    this.adapter = adapter;
    this.times = times;
    this.options = options;
    this.quick = options.quick;
    this.peaks = peaksOf(adapter);
  }

  /** Opens a bench, or returns the reason why there is none. Dispose of it. */
  static async open(options: SuiteOptions, settings: WebGpuOptions = {}): Promise<GpuBench | string> {
    const times: number[] = [];
    const backend = webgpu({ ...settings, onGpuTime: (ms) => times.push(ms) });
    const probe = await backend.probe();
    if (probe.available) return new GpuBench(backend, probe.summary, times, options);
    await backend.dispose();
    return probe.reason;
  }

  dispose(): Promise<void> {
    return this.backend.dispose();
  }

  log(message: string): void {
    this.options.log(`webgpu: ${message}`);
  }

  /** Times a graph, or returns the reason why it cannot. */
  async time(graph: Graph, inputs: Tensors, check: (outputs: Tensors) => void): Promise<GpuTiming | string> {
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
      const run = summarise(runs);
      // Without timestamps only whole runs can be timed.
      const gpu = this.times.length > 0 ? summarise(await this.gpuTimes(executable, graph, inputs)) : run;
      executable.dispose();
      return { gpu, run };
    } catch (error) {
      return error instanceof Error ? error.message.split('\n')[0] : String(error);
    }
  }

  /**
   * Milliseconds on the GPU of one run in each round. Before each run the GPU works for a
   * while on resident inputs, because a GPU that waits for transfers lowers its clocks.
   */
  private async gpuTimes(executable: GpuExecutable, graph: Graph, inputs: Tensors): Promise<number[]> {
    const resident = await this.onDevice(graph, inputs);
    const times: number[] = [];
    for (let round = 0; round < this.options.rounds; round++) {
      const last = this.times.at(-1) ?? BUSY_MS;
      const repeats = this.quick ? 0 : Math.min(MOST_REPEATS, Math.ceil(BUSY_MS / last));
      for (let i = 0; i < repeats; i++) disposeAll(await executable.runOnGpu({ ...inputs, ...resident }));
      await executable.run({ ...inputs, ...resident });
      times.push(this.times.at(-1) ?? NaN);
    }
    disposeAll(resident);
    return times;
  }

  /**
   * Uploads the inputs of floats once. Masks and ids stay in host
   * memory: they are small, and patterns depend on them.
   */
  private async onDevice(graph: Graph, inputs: Tensors): Promise<Record<string, GpuTensor>> {
    const floats = [...graph.inputs].filter(([, id]) => isFloat(graph.values[id].dtype));
    if (floats.length === 0) return {};
    const builder = new GraphBuilder();
    const copies = floats.map(([name, id]) => {
      const spec = graph.values[id];
      return [name, builder.reshape(builder.input(name, spec), spec.shape)] as const;
    });
    const executable = await this.backend.compile(builder.build(Object.fromEntries(copies)));
    const resident = await executable.runOnGpu(
      Object.fromEntries(floats.map(([name]) => [name, inputs[name]])),
    );
    executable.dispose();
    return resident;
  }

  /** Times attention. */
  async attention({
    n,
    heads,
    headDim,
    pattern,
    dtype = 'f32',
  }: AttentionShape): Promise<GpuTiming | string> {
    this.log(`n = ${n}, ${heads} × ${headDim}, ${dtype}`);
    const inputProblem = problem(heads, n, headDim);
    const { exact, q, k, v } =
      dtype === 'f16' ? inHalves(inputProblem) : { exact: inputProblem, ...inputProblem };
    const call = { q, k, v, pattern };
    return this.time(attention(call).graph, attention(call).inputs, ({ out }) => {
      checkRows(exact, { pattern }, out, dtype === 'f16' ? HALF_TOLERANCE : undefined);
    });
  }

  /** Columns of a row: time, operations, and the shares of the adapter's peaks. */
  figures(timing: GpuTiming | string, flops: number, bytes: number): Row {
    if (typeof timing === 'string') return { 'GPU ms': timing };
    const { gpu, run } = timing;
    const seconds = gpu.median / 1000;
    const share = (done: number, peak: number | undefined): string =>
      peak === undefined ? 'unknown' : `${((100 * done) / seconds / peak).toFixed(1)}%`;
    return {
      'GPU ms': gpu.median,
      '± ms': gpu.spread,
      'GFLOP/s': flops / seconds / 1e9,
      'of the f32 peak': share(flops, this.peaks?.flops),
      'of the bandwidth': share(bytes, this.peaks?.bytes),
      'run with transfers, ms': run.median,
    };
  }
}

function isFloat(dtype: Tensor['dtype']): boolean {
  return dtype === 'f32' || dtype === 'f16';
}

function disposeAll(tensors: Readonly<Record<string, GpuTensor>>): void {
  for (const tensor of Object.values(tensors)) tensor.dispose();
}

/**
 * Operations of the allowed pairs, where a multiply–add counts as two, and bytes that must be moved once.
 */
export function workOf({ n, heads, headDim, pattern, dtype }: AttentionShape): {
  readonly flops: number;
  readonly bytes: number;
} {
  const sizes = { batch: 1, heads, queryLength: n, keyLength: n, queryOffset: 0 };
  const pairs = planAttention(sizes, pattern).stats.allowedPairs;
  return { flops: 4 * headDim * pairs, bytes: 4 * heads * n * headDim * (dtype === 'f16' ? 2 : 4) };
}

/** The problem rounded to halves, and its tensors in f16. */
function inHalves(
  exactProblem: Problem,
): { readonly exact: Problem } & Readonly<Record<'q' | 'k' | 'v', Tensor>> {
  const halves = ({ shape, data }: Tensor<'f32'>) => {
    const half = float32ToHalf(data);
    return [
      { dtype: 'f16', shape, data: half } as Tensor<'f16'>,
      { dtype: 'f32', shape, data: halfToFloat32(half) } as Tensor<'f32'>,
    ] as const;
  };
  const [[q, exactQ], [k, exactK], [v, exactV]] = [exactProblem.q, exactProblem.k, exactProblem.v].map(
    halves,
  );
  return { q, k, v, exact: { ...exactProblem, q: exactQ, k: exactK, v: exactV } };
}
