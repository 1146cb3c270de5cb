/** The backend: what the machine has, and executables that share one engine. */
import {
  AttnError,
  compileGraph,
  PlanCache,
  show,
  supportsGraph,
  throwIfAborted,
  type Backend,
  type CompileOptions,
  type Executable,
  type Graph,
  type GraphNode,
  type Probe,
  type SharedState,
} from '@attn/core';
import { MOST_HELPERS } from './engine/control.ts';
import { Engine } from './engine/engine.ts';
import { features } from './engine/features.ts';
import type { StartThread } from './engine/threads.ts';
import { measureRate, predict } from './estimate.ts';
import type { Simd } from './kernels/arithmetic.ts';
import { kernelTable } from './ops/index.ts';
import { localPlans, type PlanSource } from './plan-source.ts';
import { PackedWeights } from './ops/packed-weights.ts';

/** What a backend is made with. */
export interface WasmBackendOptions {
  readonly threads: number;
  readonly startHelper: StartThread;
  readonly simd?: Simd;
  readonly sharedMemory?: boolean;
  readonly poison?: boolean;
}

/** Head dims above this do not fit the kernel's idea of a tile: 64 rows of it would fill a cache. */
const MOST_DIM = 1024;

/** Throws `INVALID_ARGUMENT` for options that make no sense. */
export function checkOptions({ threads, simd }: Pick<WasmBackendOptions, 'threads' | 'simd'>): void {
  if (!Number.isInteger(threads) || threads < 1 || threads > MOST_HELPERS + 1) {
    const expected = `threads must be an integer in [1, ${MOST_HELPERS + 1}]`;
    throw new AttnError('INVALID_ARGUMENT', 'wasm', `${expected}, got ${show(threads)}`);
  }
  if (simd !== undefined && simd !== 'relaxed' && simd !== 'plain') {
    throw new AttnError('INVALID_ARGUMENT', 'wasm', `simd must be relaxed or plain, got ${show(simd)}`);
  }
}

/** True, or why a node cannot run here. */
export function supportsNode(node: GraphNode, graph: Graph): true | string {
  if (node.op !== 'attention') return true;
  const dims = [node.inputs.q, node.inputs.v].map((id) => graph.values[id].shape[3]);
  const tooBig = dims.find((dim) => dim > MOST_DIM);
  return tooBig === undefined || `head and value dims must be ≤ ${MOST_DIM}, got ${tooBig}`;
}

/** The backend that computes on the thread it is made on, and its helpers. */
export class WasmBackend implements Backend {
  readonly name = 'wasm';
  /** For use without `createAttn`, which shares one store of plans among all backends. */
  private readonly plans: PlanCache = new PlanCache();
  private readonly options: WasmBackendOptions;
  private probed: Probe | undefined;
  private started: Engine | undefined;
  /** Operations per millisecond of a thread, once measured. */
  private rate = 1e7;
  private disposed = false;

  constructor(options: WasmBackendOptions) {
    checkOptions(options);
    this.options = options;
  }

  async probe(): Promise<Probe> {
    this.probed ??= this.look();
    return this.probed;
  }

  supports(node: GraphNode, graph: Graph): true | string {
    return supportsNode(node, graph);
  }

  estimate(graph: Graph, { plans = this.plans }: SharedState = {}): number {
    return predict(graph, plans, this.rate, this.engine.threads);
  }

  async compile(graph: Graph, { signal, plans = this.plans }: CompileOptions = {}): Promise<Executable> {
    if (this.disposed) throw new AttnError('DISPOSED', 'wasm/compile', 'the backend has been disposed');
    throwIfAborted(signal, 'wasm/compile');
    const probe = await this.probe();
    if (!probe.available) throw new AttnError('BACKEND_UNAVAILABLE', 'wasm/compile', probe.reason);
    const supported = supportsGraph(this, graph);
    if (supported !== true) throw new AttnError('UNSUPPORTED', 'wasm/compile', supported);
    return this.compileWith(graph, localPlans(plans));
  }

  /** The same with plans from elsewhere, for a graph that is known to be supported. */
  async compileWith(graph: Graph, plans: PlanSource): Promise<Executable> {
    const { engine } = this;
    const weights = new PackedWeights(graph);
    return compileGraph(graph, {
      backend: this.name,
      kernels: kernelTable(engine, plans, weights),
      poison: this.options.poison,
      allocate: (bytes) => engine.region(bytes),
      keepMemory: false,
      turn: (task, turnSignal) => engine.turn(task, turnSignal),
      onRelease: () => {
        weights.release();
        engine.settle();
      },
    });
  }

  async dispose(): Promise<void> {
    this.disposed = true;
    this.plans.clear();
    await this.started?.dispose();
  }

  private get engine(): Engine {
    if (this.started === undefined) {
      const found = features();
      const { simd = found.relaxed ? 'relaxed' : 'plain', sharedMemory = found.sharedMemory } = this.options;
      const threads = sharedMemory ? this.options.threads : 1;
      this.started = new Engine({ simd, sharedMemory, threads, startHelper: this.options.startHelper });
    }
    return this.started;
  }

  private look(): Probe {
    const found = features();
    const { simd, sharedMemory } = this.options;
    if (!found.simd) return { available: false, reason: 'this engine has no WebAssembly SIMD' };
    if (simd === 'relaxed' && !found.relaxed) {
      return { available: false, reason: 'this engine has no relaxed SIMD; simd: "plain" works everywhere' };
    }
    if (sharedMemory === true && !found.sharedMemory) {
      return {
        available: false,
        reason: 'memory cannot be shared here; a page has to be cross-origin isolated for that',
      };
    }
    const { engine } = this;
    this.rate = measureRate(engine);
    const { threads } = engine;
    const kind = engine.simd === 'relaxed' ? 'SIMD with fused multiply–add' : 'SIMD';
    return {
      available: true,
      summary: `WebAssembly ${kind}, ${threads} ${threads === 1 ? 'thread' : 'threads'}`,
      features: {
        threads,
        simd: engine.simd,
        sharedMemory: engine.sharedMemory,
        f16: true,
        gflops: Number((this.rate / 1e6).toFixed(1)),
      },
    };
  }
}
