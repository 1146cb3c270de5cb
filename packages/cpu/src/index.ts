/**
 * @attn/cpu: the plain TypeScript backend. Tiled online softmax over the block plan in plain loops: it runs
 * anywhere JavaScript runs, needs nothing, and is the fallback that always works.
 *
 * To read on: `attention/attention.ts` walks the plan, `attention/row-block.ts` computes a tile, `dot-tile.ts` is
 * the inner loop, and `ops/index.ts` lists the kernels.
 */
import {
  aBoolean,
  AttnError,
  checkCompileOptions,
  checkGraph,
  checkOptions,
  compileGraph,
  isPlausible,
  ops,
  PlanCache,
  supportsGraph,
  throwIfAborted,
  type Backend,
  type CompileOptions,
  type Executable,
  type Graph,
  type GraphNode,
  type Json,
  type KernelTable,
  type OptionKinds,
  type Probe,
  type SharedState,
} from '@attn/core';
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
  return new CpuBackend(checkOptions('cpu', options, CPU_OPTIONS));
}

class CpuBackend implements Backend {
  readonly name = 'cpu';
  readonly version: string = VERSION;
  /** For use without `createAttn`, which shares one store of plans among all backends. */
  private readonly plans: PlanCache;
  private readonly kernels: KernelTable;
  private readonly poison: boolean;
  /** Operations per millisecond: a guess until they are measured. */
  private rate = GUESSED_RATE;
  private disposed = false;

  constructor({ poison = false }: CpuOptions) {
    this.plans = new PlanCache();
    this.kernels = kernelTable(this.plans);
    this.poison = poison;
  }

  async probe(): Promise<Probe> {
    return {
      available: true,
      summary: 'plain JavaScript, 1 thread',
      features: { threads: 1, simd: false, f16: true },
    };
  }

  supports(node: GraphNode): true | string {
    if (this.kernels[node.op] !== undefined || ops[node.op]?.isView) return true;
    return `there is no plain JavaScript kernel for ${node.op}`;
  }

  estimate(graph: Graph, { plans = this.plans }: SharedState = {}): number {
    checkGraph(graph, 'cpu/estimate');
    return countFlops(graph, plans) / this.rate;
  }

  async calibrate(known?: Json): Promise<Json> {
    this.rate = isPlausible(known, GUESSED_RATE) ? known : measureRate();
    return this.rate;
  }

  async compile(graph: Graph, options?: CompileOptions): Promise<Executable> {
    const { signal, plans } = checkCompileOptions('cpu/compile', options);
    if (this.disposed) throw new AttnError('DISPOSED', 'cpu/compile', 'the backend has been disposed');
    throwIfAborted(signal, 'cpu/compile');
    const supported = supportsGraph(this, graph);
    if (supported !== true) throw new AttnError('UNSUPPORTED', 'cpu/compile', supported);
    const kernels = plans === undefined ? this.kernels : kernelTable(plans);
    return compileGraph(graph, { backend: this.name, kernels, poison: this.poison });
  }

  async dispose(): Promise<void> {
    this.disposed = true;
    this.plans.clear();
  }
}
