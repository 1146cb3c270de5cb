/**
 * @attn/cpu: the plain TypeScript backend. Tiled online softmax over the block plan in plain loops: it runs
 * anywhere JavaScript runs, needs nothing, and is the fallback that always works.
 *
 * To read on: `attention/attention.ts` walks the plan, `attention/row-block.ts` computes a tile, `dot-tile.ts` is
 * the inner loop, and `ops/index.ts` lists the kernels.
 */
import { type Backend } from '@attn/core';
import {
  aBoolean,
  checkOptions,
  compileGraph,
  defineBackend,
  isPlausible,
  ops,
  PlanCache,
  type KernelTable,
  type OptionKinds,
} from '@attn/core/backend';
import { countFlops, GUESSED_RATE, measureRate } from './estimate.ts';
import { kernelTable } from './ops/index.ts';
import { VERSION } from './version.ts';

/** Options of `cpu`. */
export interface CpuOptions {
  /** Fill every output with NaN before its kernel runs, to prove that kernels overwrite all of it. For tests. */
  readonly poison?: boolean;
}

const CPU_OPTIONS: OptionKinds<CpuOptions> = { poison: aBoolean };

/** Makes the plain JavaScript backend. One thread, float64 arithmetic, f32 and f16 tensors. */
export function cpu(options: CpuOptions = {}): Backend {
  const { poison = false } = checkOptions('cpu', options, CPU_OPTIONS);
  const kernels: KernelTable = kernelTable(new PlanCache());
  return defineBackend('cpu', {
    version: VERSION,
    probe: () => ({
      available: true,
      summary: 'plain JavaScript, 1 thread',
      features: { threads: 1, simd: false, f16: true },
    }),
    supports: ({ op }) =>
      kernels[op] !== undefined || ops[op]?.isView || `there is no plain JavaScript kernel for ${op}`,
    // In operations per millisecond.
    speed: {
      initial: () => GUESSED_RATE,
      parse: (json) => (isPlausible(json, GUESSED_RATE) ? json : undefined),
      measure: measureRate,
    },
    estimate: (graph, plans, rate) => countFlops(graph, plans) / rate,
    compile: (graph, { plans }) =>
      compileGraph(graph, { backend: 'cpu', kernels: kernelTable(plans), poison }),
  });
}
