/** The backend: what it promises is checked here, and computed by a host. */
import {
  AttnError,
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
import type { Host, HostOptions } from './host.ts';
import { localPlans } from './plan-source.ts';
import { predict } from './predict.ts';

/** What a backend is made with. */
export interface WasmBackendOptions extends HostOptions {
  readonly offMainThread: boolean;
}

/** Head and value dims above this are refused: 64 rows of them would fill a cache. */
const MOST_DIM = 1024;

export class WasmBackend implements Backend {
  readonly name = 'wasm';
  /** For use without `createAttn`, which shares one store of plans among all backends. */
  private readonly plans: PlanCache = new PlanCache();
  private readonly options: WasmBackendOptions;
  private loading: Promise<Host> | undefined;
  private probing: Promise<Probe> | undefined;
  private found: Probe | undefined;
  private disposed = false;

  /** Errors: `INVALID_ARGUMENT` for options that make no sense. */
  constructor(options: WasmBackendOptions) {
    const { threads, simd } = options;
    if (!Number.isInteger(threads) || threads < 1 || threads > MOST_HELPERS + 1) {
      const expected = `threads must be an integer in [1, ${MOST_HELPERS + 1}]`;
      throw new AttnError('INVALID_ARGUMENT', 'wasm', `${expected}, got ${show(threads)}`);
    }
    if (simd !== undefined && simd !== 'relaxed' && simd !== 'plain') {
      throw new AttnError('INVALID_ARGUMENT', 'wasm', `simd must be relaxed or plain, got ${show(simd)}`);
    }
    this.options = options;
  }

  async probe(): Promise<Probe> {
    this.probing ??= this.host().then(
      (host) => host.probe(),
      (error: unknown) => ({ available: false, reason: `it could not be loaded: ${String(error)}` }),
    );
    this.found = await this.probing;
    return this.found;
  }

  supports(node: GraphNode, graph: Graph): true | string {
    const { op, inputs } = node;
    if (op !== 'attention' && op !== 'lshAttention') return true;
    const operands = op === 'attention' ? [inputs.q, inputs.v] : [inputs.qk, inputs.v];
    const dims = operands.map((id) => graph.values[id].shape[3]);
    const tooBig = dims.find((dim) => dim > MOST_DIM);
    return tooBig === undefined || `head and value dims must be ≤ ${MOST_DIM}, got ${tooBig}`;
  }

  estimate(graph: Graph, { plans = this.plans }: SharedState = {}): number {
    const { gflops = 10, threads = 1 } = this.found?.available ? this.found.features : {};
    return predict(graph, plans, 1e6 * Number(gflops), Number(threads));
  }

  async compile(graph: Graph, { signal, plans = this.plans }: CompileOptions = {}): Promise<Executable> {
    if (this.disposed) throw new AttnError('DISPOSED', 'wasm/compile', 'the backend has been disposed');
    throwIfAborted(signal, 'wasm/compile');
    const probe = await this.probe();
    if (!probe.available) throw new AttnError('BACKEND_UNAVAILABLE', 'wasm/compile', probe.reason);
    const supported = supportsGraph(this, graph);
    if (supported !== true) throw new AttnError('UNSUPPORTED', 'wasm/compile', supported);
    return (await this.host()).compile(graph, localPlans(plans));
  }

  async dispose(): Promise<void> {
    this.disposed = true;
    this.plans.clear();
    await (await this.loading)?.dispose();
  }

  private host(): Promise<Host> {
    const { options } = this;
    this.loading ??= options.offMainThread
      ? import('./remote/remote-host.ts').then(({ RemoteHost }) => new RemoteHost(options))
      : import('./local-host.ts').then(({ LocalHost }) => new LocalHost(options));
    return this.loading;
  }
}
