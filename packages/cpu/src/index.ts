/**
 * @attn/cpu: the plain TypeScript backend. It computes the tiles of the block plan with an online softmax, in
 * plain loops. It runs wherever JavaScript runs, needs nothing, and is the fallback that always works.
 *
 * To read on: `attention/attention.ts` walks the plan, `attention/row-block.ts` computes a tile,
 * `dot-tile.ts` is the inner loop, and `ops/index.ts` lists the kernels.
 */
import { type Backend } from '@attn/core';
import {
  aBoolean,
  checkOptions,
  compileGraph,
  defineBackend,
  HostStates,
  isPlausible,
  ops,
  PlanCache,
  type KernelTable,
  type OptionKinds,
} from '@attn/core/backend';
import { countFlops, GUESSED_RATE, measureRate } from './estimate.ts';
import { kernelTable } from './ops/index.ts';
import { VERSION } from './version.ts';

/**
 * Options of `cpu`.
 *
 * @example
 * ```ts
 * const options: CpuOptions = { poison: true };
 * describeConformance(() => cpu(options));
 * ```
 */
export interface CpuOptions {
  /**
   * For tests: fills every output with NaN before its kernel runs, to prove that the kernel writes all of it.
   */
  readonly poison?: boolean;
}

const CPU_OPTIONS: OptionKinds<CpuOptions> = { poison: aBoolean };

/**
 * Makes the plain JavaScript backend: one thread, float64 arithmetic, f32 and f16 tensors.
 * Errors: `INVALID_ARGUMENT` for options that make no sense.
 *
 * @example
 * ```ts
 * import { createAttn } from '@attn/core';
 * import { cpu } from '@attn/cpu';
 *
 * const attn = await createAttn({ backends: [cpu()] });
 * ```
 */
export function cpu(options: CpuOptions = {}): Backend {
  const { poison = false } = checkOptions('cpu', options, CPU_OPTIONS);
  const supported: KernelTable = kernelTable(new PlanCache());
  const states = new HostStates('cpu');
  return defineBackend('cpu', {
    version: VERSION,
    probe: () => ({
      available: true,
      summary: 'plain JavaScript, 1 thread',
      features: { threads: 1, simd: false, f16: true },
    }),
    supports: ({ op }) =>
      supported[op] !== undefined || ops[op]?.isView || `there is no plain JavaScript kernel for ${op}`,
    // Operations per millisecond.
    speed: {
      initial: () => GUESSED_RATE,
      parse: (json) => (isPlausible(json, GUESSED_RATE) ? json : undefined),
      measure: measureRate,
    },
    estimate: (graph, plans, rate) => countFlops(graph, plans) / rate,
    compile: (graph, { plans }) =>
      compileGraph(graph, { backend: 'cpu', kernels: kernelTable(plans), poison, states }),
    createState: (specs) => states.createState(specs),
    dispose: () => states.dispose(),
  });
}
