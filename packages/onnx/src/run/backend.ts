/** The backend: graphs as sessions of whichever ONNX Runtime there is. */
import {
  AttnError,
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
  type SharedState,
} from '@attn/core';
import { PLAN_INPUTS } from '../lower/attention/operands.ts';
import { compileError } from './errors.ts';
import { OnnxExecutable } from './executable.ts';
import { calibrate, knownCalibration } from './calibrate.ts';
import { isLowered } from '../lower/ops/names.ts';
import { predict, REFERENCE, type Speed } from './predict.ts';
import type { Initializer } from '../model/model-builder.ts';
import type { Runtime } from './runtime.ts';
import { VERSION } from '../version.ts';

/**
 * With more weights than this a session does without ONNX Runtime's memory pattern: one block for all intermediates, which it allocates beside
 * the memory that the first run used.
 */
const HEAVY_BYTES = 256 * 2 ** 20;

/** Most bytes of weights that a model holds itself when the others stay in their files. */
const MOST_INSIDE = 64 * 2 ** 20;

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

/** The providers that each runtime has in itself. */
const BUNDLED: readonly string[] = ['cpu', 'wasm'];

/** Its name. */
export function providerName(provider: ExecutionProvider): string {
  return typeof provider === 'string' ? provider : String(provider.name);
}

export class OnnxBackend implements Backend {
  readonly name = 'onnx';
  readonly version: string = VERSION;
  /** For use without `createAttn`, which shares one store of plans among all backends. */
  private readonly plans: PlanCache = new PlanCache();
  private readonly load: () => Promise<Runtime>;
  private readonly portable: boolean;
  private loading: Promise<Runtime> | undefined;
  private probing: Promise<Probe> | undefined;
  private readonly executables = new Set<Executable>();
  private speed: Speed = { ...REFERENCE, threads: 1, fuses: false };
  private disposed = false;

  constructor(load: () => Promise<Runtime>, { portable = false }: OnnxOptions) {
    this.load = load;
    this.portable = portable;
  }

  probe(): Promise<Probe> {
    this.probing ??= this.look();
    return this.probing;
  }

  supports(node: GraphNode, graph: Graph): true | string {
    if (!isLowered(node.op)) return `there is no lowering for ${node.op}`;
    if (node.op !== 'attention') return true;
    const isKnown = (id: number): boolean =>
      graph.constants.has(id) || [...graph.inputs.values()].includes(id);
    const computed = PLAN_INPUTS.find(
      (name) => node.inputs[name] !== undefined && !isKnown(node.inputs[name]),
    );
    return (
      computed === undefined || `${computed} must be an input or a constant of the graph, not computed by it`
    );
  }

  estimate(graph: Graph, { plans = this.plans }: SharedState = {}): number {
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

  async compile(graph: Graph, { signal, plans = this.plans }: CompileOptions = {}): Promise<Executable> {
    const where = 'onnx/compile';
    if (this.disposed) throw new AttnError('DISPOSED', where, 'the backend has been disposed');
    throwIfAborted(signal, where);
    const probe = await this.probe();
    if (!probe.available) throw new AttnError('BACKEND_UNAVAILABLE', where, probe.reason);
    const supported = supportsGraph(this, graph);
    if (supported !== true) throw new AttnError('UNSUPPORTED', where, supported);
    const { sessionOptions } = await this.runtime();
    const executable = await this.open(graph, plans, sessionOptions);
    if (signal?.aborted) executable.dispose();
    throwIfAborted(signal, where);
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
    const { ort, fusedDense, takesWeights, mapsFiles } = runtime;
    // Only now: who never compiles need not wait for the definitions of ONNX to be loaded.
    const [{ lowerGraph }, { encodeModel }] = await Promise.all([
      import('../lower/lower.ts'),
      import('../model/encode.ts'),
    ]);
    const lowered = lowerGraph(graph, plans, { portable: this.portable, fusedDense, flatOutputs: true });
    const initializers = [...lowered.model.initializers.values()];
    const filesOf = mapsFiles ? folderOf(initializers) : undefined;
    const eachApart = takesWeights && filesOf === undefined;
    const { model, weights } = encodeModel(lowered.model, 'attn', { eachApart, filesOf });
    const weightBytes = initializers.reduce((sum, { byteLength }) => sum + byteLength, 0);
    const options = {
      ...(weightBytes > HEAVY_BYTES && { enableMemPattern: false }),
      ...sessionOptions,
      ...(weights.length > 0 && { externalData: weights }),
      ...(filesOf !== undefined && { extra: withFolder(sessionOptions.extra, filesOf) }),
    };
    // What is mapped is not read here: that it is still what was opened must be seen before and after.
    const verify = filesOf === undefined ? () => {} : verifierOf(initializers);
    verify();
    let session;
    try {
      session = await ort.InferenceSession.create(model, options);
    } catch (cause) {
      throw compileError(cause);
    }
    try {
      verify();
    } catch (error) {
      await session.release();
      throw error;
    }
    const executable = new OnnxExecutable(runtime, session, graph, lowered, () =>
      this.executables.delete(executable),
    );
    this.executables.add(executable);
    return executable;
  }

  private runtime(): Promise<Runtime> {
    this.loading ??= this.load();
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

/**
 * The folder in whose files the weights lie. A session takes weights from files or from memory, not from both: where too many lie elsewhere,
 * from memory.
 */
function folderOf(initializers: readonly Initializer[]): string | undefined {
  const folder = initializers.find(({ file }) => file !== undefined)?.file?.folder;
  let elsewhere = 0;
  for (const { file, byteLength } of initializers) if (file?.folder !== folder) elsewhere += byteLength;
  return elsewhere <= MOST_INSIDE ? folder : undefined;
}

/** Throws unless all files of weights are what they were. */
function verifierOf(initializers: readonly Initializer[]): () => void {
  const checks = new Set(initializers.map(({ file }) => file?.verify));
  return () => {
    for (const check of checks) check?.();
  };
}

/** ONNX Runtime's further options with the folder that a model's files are in, which a model from memory has none of. */
function withFolder(extra: unknown, folder: string): object {
  const given = (extra ?? {}) as { readonly session?: object };
  return {
    ...given,
    session: { ...given.session, model_external_initializers_file_folder_path: folder },
  };
}
