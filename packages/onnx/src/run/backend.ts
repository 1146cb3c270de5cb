/** The backend: graphs as sessions of whichever ONNX Runtime there is. */
import {
  aBoolean,
  anObject,
  aRecord,
  AttnError,
  checkCompileOptions,
  checkGraph,
  checkProbeOptions,
  either,
  aString,
  integer,
  listOf,
  PlanCache,
  planObstacle,
  supportsGraph,
  throwIfAborted,
  type Backend,
  type CompileOptions,
  type Executable,
  type Graph,
  type GraphNode,
  type Json,
  type OptionKinds,
  type Probe,
  type ProbeOptions,
  type SharedState,
} from '@attn/core';
import { OnnxExecutable } from './executable.ts';
import { calibrate, knownCalibration } from './calibrate.ts';
import { isLowered } from '../lower/ops/names.ts';
import { predict, REFERENCE, type Speed } from './predict.ts';
import type { Runtime } from './runtime.ts';
import { VERSION } from '../version.ts';

/** An execution provider's name, or an object with its `name` and its options. */
export type ExecutionProvider = string | Readonly<Record<string, unknown>>;

/** Options of either entry. */
export interface OnnxOptions {
  /** Standard operators only. Default false. */
  readonly portable?: boolean;
  /** Threads of a session. Default: as many as the machine has cores. */
  readonly threads?: number;
  /** Execution providers by name, or with options, as ONNX Runtime takes them. Default: the CPU's. */
  readonly executionProviders?: readonly ExecutionProvider[];
  /** Further options of ONNX Runtime's sessions. */
  readonly sessionOptions?: Readonly<Record<string, unknown>>;
}

/** What each option of either entry must be. */
export const ONNX_OPTIONS: OptionKinds<OnnxOptions> = {
  portable: aBoolean,
  threads: integer(1, 256),
  executionProviders: listOf(either(aString, anObject), 'a list of names, or of objects with a name'),
  sessionOptions: aRecord,
};

/** The providers that each runtime has in itself. */
const BUNDLED: readonly string[] = ['cpu', 'wasm'];

/** Its name. */
export function providerName(provider: ExecutionProvider): string {
  return typeof provider === 'string' ? provider : String(provider.name);
}

/** Options as text, whatever is in them; of weights only how many bytes they are. */
function textOf(options: object): string {
  try {
    return JSON.stringify(options, (_, value: unknown) =>
      ArrayBuffer.isView(value) ? `${value.byteLength} bytes` : value,
    );
  } catch {
    return 'others';
  }
}

export class OnnxBackend implements Backend {
  readonly name = 'onnx';
  readonly version: string = VERSION;
  /** For use without `createAttn`, which shares one store of plans among all backends. */
  private readonly plans: PlanCache = new PlanCache();
  private readonly load: () => Promise<Runtime>;
  private readonly portable: boolean;
  /** What sessions were asked for, which how fast they are depends on. */
  private readonly settings: string | undefined;
  private loading: Promise<Runtime> | undefined;
  private probing: Promise<Probe> | undefined;
  private readonly executables = new Set<Executable>();
  private speed: Speed = { ...REFERENCE, threads: 1, fuses: false };
  private disposed = false;

  constructor(
    load: () => Promise<Runtime>,
    { portable = false, executionProviders, sessionOptions }: OnnxOptions,
  ) {
    this.load = load;
    this.portable = portable;
    this.settings =
      executionProviders || sessionOptions ? textOf({ executionProviders, ...sessionOptions }) : undefined;
  }

  async probe(options?: ProbeOptions): Promise<Probe> {
    const { again = false } = checkProbeOptions('onnx/probe', options);
    if (again) this.probing = undefined;
    this.probing ??= this.look();
    return this.probing;
  }

  supports(node: GraphNode, graph: Graph): true | string {
    if (!isLowered(node.op)) return `there is no lowering for ${node.op}`;
    return node.op !== 'attention' || (planObstacle(graph, node) ?? true);
  }

  estimate(graph: Graph, { plans = this.plans }: SharedState = {}): number {
    checkGraph(graph, 'onnx/estimate');
    return predict(graph, plans, this.speed);
  }

  async calibrate(known?: Json): Promise<Json> {
    const { sharesThreads, sessionOptions } = await this.runtime();
    const compile = (graph: Graph, threads: number): Promise<Executable> =>
      this.open(graph, this.plans, { ...sessionOptions, intraOpNumThreads: threads });
    const found = knownCalibration(known) ?? (await calibrate(compile, this.speed, !sharesThreads));
    this.speed = { ...this.speed, ...found };
    return { ...found };
  }

  async compile(graph: Graph, options?: CompileOptions): Promise<Executable> {
    const where = 'onnx/compile';
    const { signal, plans = this.plans } = checkCompileOptions(where, options);
    if (this.disposed) throw new AttnError('DISPOSED', where, 'the backend has been disposed');
    throwIfAborted(signal, where);
    const probe = await this.probe();
    if (!probe.available) throw new AttnError('BACKEND_UNAVAILABLE', where, probe.reason);
    const supported = supportsGraph(this, graph);
    if (supported !== true) throw new AttnError('UNSUPPORTED', where, supported);
    const { sessionOptions } = await this.runtime();
    const executable = await this.open(graph, plans, sessionOptions);
    if (signal?.aborted || this.disposed) executable.dispose();
    throwIfAborted(signal, where);
    if (this.disposed) throw new AttnError('DISPOSED', where, 'the backend has been disposed');
    return executable;
  }

  async dispose(): Promise<void> {
    this.disposed = true;
    this.plans.clear();
    for (const executable of this.executables) executable.dispose();
  }

  /** A session that runs a graph which is known to be supported. */
  private async open(
    graph: Graph,
    plans: PlanCache,
    sessionOptions: Runtime['sessionOptions'],
  ): Promise<Executable> {
    const runtime = await this.runtime();
    const { fusedDense } = runtime;
    // Only now: who never compiles need not wait for the definitions of ONNX to be loaded.
    const [{ lowerGraph }, { openSession }] = await Promise.all([
      import('../lower/lower.ts'),
      import('./open-session.ts'),
    ]);
    const lowered = lowerGraph(graph, plans, { portable: this.portable, fusedDense, flatOutputs: true });
    const session = await openSession(runtime, lowered.model, sessionOptions);
    const executable = new OnnxExecutable(runtime, session, graph, lowered, () =>
      this.executables.delete(executable),
    );
    this.executables.add(executable);
    return executable;
  }

  private runtime(): Promise<Runtime> {
    this.loading ??= this.load().catch((error: unknown) => {
      // It may be there when it is asked for again.
      this.loading = undefined;
      throw error;
    });
    return this.loading;
  }

  private async look(): Promise<Probe> {
    try {
      const runtime = await this.runtime();
      const { title, threads, providers, supported, fusedDense } = runtime;
      // The default ones are always there; others may lack a driver, which only a session finds out.
      if (!providers.every((name) => BUNDLED.includes(name))) {
        await (await import('./try-session.ts')).trySession(runtime);
      }
      this.speed = { ...this.speed, threads, fuses: fusedDense && !this.portable };
      const summary = `${title}, ${providers.join(', ')}, ${threads} thread${threads === 1 ? '' : 's'}`;
      return {
        available: true,
        summary,
        features: {
          runtime: title,
          providers: providers.join(),
          ...(supported && { supportedProviders: supported.join() }),
          threads,
          portable: this.portable,
          ...(this.settings !== undefined && { sessionOptions: this.settings }),
        },
      };
    } catch (error) {
      return {
        available: false,
        reason: error instanceof AttnError ? error.sentence : `it could not be started: ${String(error)}`,
      };
    }
  }
}
