/** The backend: every graph becomes a session of ONNX Runtime, which `node.ts` or `web.ts` loads. */
import { type Backend, type Graph, type Probe } from '@attn/core';
import {
  aBoolean,
  anObject,
  aRecord,
  aString,
  defineBackend,
  either,
  HostStates,
  integer,
  listOf,
  planObstacle,
  type Executable,
  type GraphNode,
  type OptionKinds,
  type PlanCache,
} from '@attn/core/backend';
import { isLowered } from '../lower/ops/names.ts';
import { halvesObstacle } from '../lower/quantized/halves.ts';
import { VERSION } from '../version.ts';
import { calibrate, parseCalibration } from './calibrate.ts';
import { OnnxExecutable, type Stage } from './executable.ts';
import { DEFAULT_SPEED, predict, type Speed } from './predict.ts';
import type { Runtime } from './runtime.ts';

/** An execution provider of ONNX Runtime: its name, or an object with its `name` and its options. */
export type ExecutionProvider = string | Readonly<Record<string, unknown>>;

/** Options of `onnx` that hold for both runtimes. */
export interface OnnxOptions {
  /** Write standard ONNX operators only, none of Microsoft's. Default: false. */
  readonly portable?: boolean;
  /**
   * Threads of a session, 1 to 256. Default: as many as the machine has cores; on the web at most 4, and 1
   * without shared memory.
   */
  readonly threads?: number;
  /** Execution providers in order of preference, as ONNX Runtime takes them. Default: the CPU's. */
  readonly executionProviders?: readonly ExecutionProvider[];
  /** Further options of ONNX Runtime's sessions, passed on as they are. */
  readonly sessionOptions?: Readonly<Record<string, unknown>>;
  /**
   * Whether weights stay in the checkpoint's files from the first session on, so that threads and processes
   * share one copy of them. Default false: the first two sessions have packed copies of their own.
   */
  readonly weightsInPlace?: boolean;
}

/** The kind of each option that holds for both runtimes. */
export const ONNX_OPTIONS: OptionKinds<OnnxOptions> = {
  portable: aBoolean,
  threads: integer(1, 256),
  executionProviders: listOf(either(aString, anObject), 'a list of names, or of objects with a name'),
  sessionOptions: aRecord,
  weightsInPlace: aBoolean,
};

/** Providers that are part of every runtime, so that they need no trial session. */
const BUILT_IN: readonly string[] = ['cpu', 'wasm'];

/** The name of an execution provider. */
export function providerName(provider: ExecutionProvider): string {
  return typeof provider === 'string' ? provider : String(provider.name);
}

/** Session options as text, which becomes part of the probe. Weights are described by their size alone. */
function optionsText(options: object): string {
  try {
    return JSON.stringify(options, (_, value: unknown) =>
      ArrayBuffer.isView(value) ? `${value.byteLength} bytes` : value,
    );
  } catch {
    return 'others'; // not expressible as JSON, such as an object that refers to itself
  }
}

/** Creates the backend from checked options, on the runtime that `load` returns. */
export function onnxBackend(
  load: () => Promise<Runtime>,
  { portable = false, executionProviders, sessionOptions, weightsInPlace = false }: OnnxOptions,
): Backend {
  const sessions = new Sessions(load, { portable, weightsInPlace });
  /** Session options that the user chose. Stored speeds depend on them, so they are part of the probe. */
  const settings =
    executionProviders || sessionOptions ? optionsText({ executionProviders, ...sessionOptions }) : undefined;
  let machine: Pick<Speed, 'threads' | 'fuses'> = { threads: 1, fuses: false };
  return defineBackend('onnx', {
    version: VERSION,
    fastestInputs: 'float', // int12 is two products, and as fast: `npm run bench -- quantized`
    async probe() {
      const runtime = await sessions.runtime();
      const { title, threads, providers, supported, fusedDense } = runtime;
      // Built-in providers are always there. Others may lack a driver, and only a session shows that.
      if (!providers.every((name) => BUILT_IN.includes(name))) {
        await (await import('./try-session.ts')).trySession(runtime);
      }
      machine = { threads, fuses: fusedDense && !portable };
      const probe: Probe = {
        available: true,
        summary: `${title}, ${providers.join(', ')}, ${threads} thread${threads === 1 ? '' : 's'}`,
        features: {
          runtime: title,
          providers: providers.join(),
          ...(supported && { supportedProviders: supported.join() }),
          threads,
          portable,
          ...(settings !== undefined && { sessionOptions: settings }),
        },
      };
      return probe;
    },
    supports: supportsNode,
    speed: {
      initial: () => DEFAULT_SPEED,
      parse: parseCalibration,
      async measure(plans) {
        const { sharesThreads, sessionOptions } = await sessions.runtime();
        const compile = (graph: Graph, threads: number): Promise<Executable> =>
          sessions.open(graph, plans, { ...sessionOptions, intraOpNumThreads: threads });
        return calibrate(compile, { ...machine, canSetThreads: !sharesThreads });
      },
    },
    estimate: (graph, plans, speed) => predict(graph, plans, { ...speed, ...machine }),
    compile: (graph, { plans }) => sessions.open(graph, plans),
    createState: (specs) => sessions.states.createState(specs),
    dispose: () => sessions.dispose(),
  });
}

function supportsNode(node: GraphNode, graph: Graph): true | string {
  if (!isLowered(node.op)) return `there is no lowering for ${node.op}`;
  if (node.op === 'attention') return planObstacle(graph, node) ?? true;
  return halvesObstacle(graph, node) ?? true;
}

/** Whether a graph has products of bytes. */
function multipliesBytes(graph: Graph): boolean {
  return graph.nodes.some(({ op, attributes }) => op === 'quantizedLinear' && attributes.inputs === 'int8');
}

/** How models are written, and where their weights are. */
type ModelForm = Required<Pick<OnnxOptions, 'portable' | 'weightsInPlace'>>;

/** The sessions of one backend, and the runtime that runs them. */
class Sessions {
  private readonly load: () => Promise<Runtime>;
  private readonly form: ModelForm;
  private loading: Promise<Runtime> | undefined;
  private signedBytes: Promise<boolean> | undefined;
  private readonly executables = new Set<Executable>();
  readonly states = new HostStates('onnx');

  constructor(load: () => Promise<Runtime>, form: ModelForm) {
    this.load = load;
    this.form = form;
  }

  /** The runtime, loaded at the first call. Errors: `BACKEND_UNAVAILABLE`. */
  runtime(): Promise<Runtime> {
    this.loading ??= this.load().catch((error: unknown) => {
      // The user may install it meanwhile: the next call tries again.
      this.loading = undefined;
      throw error;
    });
    return this.loading;
  }

  /**
   * Opens a session that runs `graph`, which must be supported. Errors: `COMPILE_FAILED`, `OUT_OF_MEMORY`.
   */
  async open(
    graph: Graph,
    plans: PlanCache,
    sessionOptions?: Runtime['sessionOptions'],
  ): Promise<Executable> {
    const runtime = await this.runtime();
    const { fusedDense } = runtime;
    // Loaded here, not at the top: an application that never compiles does not load ONNX's definitions.
    const [{ lowerGraph }, { openSession, takesLittle, takesMuch }, { stagesOf }, { keepsWeightsInPlace }] =
      await Promise.all([
        import('../lower/lower.ts'),
        import('./open-session.ts'),
        import('./stages.ts'),
        import('./weights-in-place.ts'),
      ]);
    const exactSignedBytes = multipliesBytes(graph) && (await this.multipliesSignedBytes(runtime));
    const savesMemory = runtime.providers.every((name) => BUILT_IN.includes(name));
    const { portable, weightsInPlace } = this.form;
    const options = {
      portable,
      fusedDense,
      flatOutputs: true,
      exactSignedBytes,
      savesMemory,
    };
    const parts = stagesOf(graph);
    const inPlace = keepsWeightsInPlace(graph, {
      readsRowsInPlace: runtime.readsRowsInPlace,
      openSessions: this.executables.size,
      always: weightsInPlace,
    });
    const stages: Stage[] = [];
    try {
      for (const part of parts) {
        const { model, ...lowered } = lowerGraph(part, plans, options);
        const { session, heldBytes } = await openSession(runtime, model, {
          sessionOptions: sessionOptions ?? runtime.sessionOptions,
          keepsWeightsInPlace: inPlace,
          keepsArena: parts.length === 1 && !takesMuch(graph),
          plansMemory: takesLittle(part),
        });
        stages.push({ session, heldBytes, graph: part, lowered });
      }
    } catch (error) {
      await Promise.all(stages.map(({ session }) => session.release()));
      throw error;
    }
    const onRelease = (): void => void this.executables.delete(executable);
    const context = { runtime, states: this.states, onRelease };
    const executable = new OnnxExecutable(context, graph, stages);
    this.executables.add(executable);
    return executable;
  }

  /** Whether the runtime multiplies unsigned by signed bytes exactly, found out at the first call. */
  private multipliesSignedBytes(runtime: Runtime): Promise<boolean> {
    this.signedBytes ??= import('./signed-bytes.ts').then((trial) => trial.multipliesSignedBytes(runtime));
    return this.signedBytes;
  }

  /** Disposes all sessions that are still open, and all states. */
  async dispose(): Promise<void> {
    for (const executable of this.executables) executable.dispose();
    await this.states.dispose();
  }
}
