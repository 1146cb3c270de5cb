/** The backend: what it promises is checked here, and computed by a host. */
import {
  AttnError,
  checkCompileOptions,
  checkGraph,
  checkProbeOptions,
  PlanCache,
  supportsGraph,
  throwIfAborted,
  type Backend,
  type CompileOptions,
  type Executable,
  type Graph,
  type GraphNode,
  type Json,
  type Probe,
  type ProbeOptions,
  type SharedState,
} from '@attn/core';
import { nodeProcess } from './engine/host.ts';
import { knownSpeed, REFERENCE, type EngineSpeed } from './engine/speed.ts';
import type { Host, HostOptions } from './host.ts';
import type { LocalHost } from './local-host.ts';
import { localPlans } from './plan-source.ts';
import { predict } from './predict.ts';
import { look } from './probe.ts';
import type { RemoteHost } from './remote/remote-host.ts';
import { VERSION } from './version.ts';
import { whyNoHelper } from './workers/start-helper.ts';

/** What a backend is made with. */
export interface WasmBackendOptions extends HostOptions {
  /** `preferred`: in a worker, or here where none can be started. */
  readonly offMainThread: boolean | 'preferred';
}

/** Head and value dims above this are refused: 64 rows of them would fill a cache. */
const MOST_DIM = 1024;

/** What a thread is taken to add to the rate of one where nothing was measured. */
const GUESSED_HELP = 0.9;

export class WasmBackend implements Backend {
  readonly name = 'wasm';
  readonly version: string = VERSION;
  /** For use without `createAttn`, which shares one store of plans among all backends. */
  private readonly plans: PlanCache = new PlanCache();
  private readonly options: WasmBackendOptions;
  private localHost: Promise<LocalHost> | undefined;
  private remoteHost: Promise<RemoteHost> | undefined;
  private probing: Promise<Probe> | undefined;
  /** Why graphs are not computed in a worker, though that was preferred. */
  private whyHere: string | undefined;
  private found: Probe | undefined;
  /** As measured; a guess before. */
  private speed: EngineSpeed;
  private disposed = false;

  constructor(options: WasmBackendOptions) {
    this.options = options;
    this.speed = { ...REFERENCE, gain: 1 + GUESSED_HELP * (options.threads - 1) };
  }

  async probe(options?: ProbeOptions): Promise<Probe> {
    const { again = false } = checkProbeOptions('wasm/probe', options);
    if (again) this.probing = undefined;
    this.probing ??= this.look();
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
    checkGraph(graph, 'wasm/estimate');
    const { threads = 1 } = this.found?.available ? this.found.features : {};
    return predict(graph, plans, { ...this.speed, threads: Number(threads) });
  }

  async calibrate(known?: Json): Promise<Json> {
    this.speed = knownSpeed(known) ?? (await (await this.host('wasm/calibrate')).measureSpeed());
    return { ...this.speed };
  }

  async compile(graph: Graph, options?: CompileOptions): Promise<Executable> {
    const { signal, plans = this.plans } = checkCompileOptions('wasm/compile', options);
    this.throwIfDisposed('wasm/compile');
    throwIfAborted(signal, 'wasm/compile');
    const probe = await this.probe();
    this.throwIfDisposed('wasm/compile');
    if (!probe.available) throw new AttnError('BACKEND_UNAVAILABLE', 'wasm/compile', probe.reason);
    const supported = supportsGraph(this, graph);
    if (supported !== true) throw new AttnError('UNSUPPORTED', 'wasm/compile', supported);
    return (await this.host('wasm/compile')).compile(graph, localPlans(plans));
  }

  async dispose(): Promise<void> {
    this.disposed = true;
    this.plans.clear();
    const hosts = [this.localHost, this.remoteHost].map((host) => host?.catch(() => undefined));
    await Promise.all(hosts.map(async (host) => (await host)?.dispose()));
  }

  /** Looks where graphs are going to be computed: in a worker, which is started for it, or here. */
  private async look(): Promise<Probe> {
    if (this.disposed) return DISPOSED;
    try {
      if (this.options.offMainThread === false) return await this.lookHere();
      const probe = await (await this.remote()).probe();
      this.whyHere = undefined;
      return probe;
    } catch (error) {
      return this.lookInstead(error).catch((cause: unknown): Probe => ({
        available: false,
        reason: notLoaded(cause),
      }));
    }
  }

  /** No worker, or no engine, could be started. */
  private async lookInstead(error: unknown): Promise<Probe> {
    if (this.disposed) return DISPOSED;
    const { offMainThread } = this.options;
    if (offMainThread === false) return { available: false, reason: notLoaded(error) };
    const { warnOfOwnThread, whyNoWorker } = await import('./remote/no-worker.ts');
    const reason = whyNoWorker(error);
    if (offMainThread === true) return { available: false, reason };
    this.whyHere = reason;
    const probe = await this.lookHere();
    if (!probe.available) return probe;
    warnOfOwnThread(reason);
    return {
      ...probe,
      summary: `${probe.summary}, which is the page's own`,
      absences: [...(probe.absences ?? []), reason],
    };
  }

  /** In Node, Deno and Bun nothing needs to be loaded or started to know. */
  private async lookHere(): Promise<Probe> {
    if (nodeProcess() !== undefined && this.localHost === undefined) {
      const options = this.optionsHere();
      return look(options, options.startHelper === undefined ? whyNoHelper() : undefined).probe;
    }
    return (await this.local()).probe();
  }

  /** The page's own thread has no helpers where its worker did not start: they would not start either. */
  private optionsHere(): HostOptions {
    return this.whyHere === undefined ? this.options : { ...this.options, threads: 1, sharedMemory: false };
  }

  /** What computes. Errors: `DISPOSED`, also when the backend was disposed while it was loaded; `BACKEND_UNAVAILABLE`. */
  private async host(where: string): Promise<Host> {
    this.throwIfDisposed(where);
    // Which decides where that is.
    await this.probe();
    const isRemote = this.options.offMainThread !== false && this.whyHere === undefined;
    const host = await (isRemote ? this.remote() : this.local()).catch((cause: unknown) => {
      throw new AttnError('BACKEND_UNAVAILABLE', where, notLoaded(cause), { cause });
    });
    this.throwIfDisposed(where);
    return host;
  }

  private throwIfDisposed(where: string): void {
    if (this.disposed) throw new AttnError('DISPOSED', where, 'the backend has been disposed');
  }

  private local(): Promise<LocalHost> {
    this.localHost ??= import('./local-host.ts').then(
      ({ LocalHost }) => new LocalHost(this.optionsHere()),
      (error: unknown) => {
        this.localHost = undefined;
        throw error;
      },
    );
    return this.localHost;
  }

  private remote(): Promise<RemoteHost> {
    this.remoteHost ??= import('./remote/remote-host.ts').then(
      ({ RemoteHost }) => new RemoteHost(this.options),
      (error: unknown) => {
        this.remoteHost = undefined;
        throw error;
      },
    );
    return this.remoteHost;
  }
}

const DISPOSED: Probe = { available: false, reason: 'the backend has been disposed' };

function notLoaded(error: unknown): string {
  return `a part of it could not be loaded: ${error instanceof Error ? error.message : String(error)}`;
}
