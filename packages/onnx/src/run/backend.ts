/** The backend: graphs as sessions of whichever ONNX Runtime there is. */
import { type Backend, type Graph, type Probe } from '@attn/core';
import {
  aBoolean,
  anObject,
  aRecord,
  aString,
  defineBackend,
  either,
  integer,
  listOf,
  planObstacle,
  type Executable,
  type GraphNode,
  type OptionKinds,
  type PlanCache,
} from '@attn/core/backend';
import { isLowered } from '../lower/ops/names.ts';
import { VERSION } from '../version.ts';
import { calibrate, knownCalibration } from './calibrate.ts';
import { OnnxExecutable } from './executable.ts';
import { predict, REFERENCE, type Speed } from './predict.ts';
import type { Runtime } from './runtime.ts';

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

/** Makes the backend from options that have been checked, on the runtime that `load` gives. */
export function onnxBackend(
  load: () => Promise<Runtime>,
  { portable = false, executionProviders, sessionOptions }: OnnxOptions,
): Backend {
  const sessions = new Sessions(load, portable);
  /** What sessions were asked for, which how fast they are depends on. */
  const settings =
    executionProviders || sessionOptions ? textOf({ executionProviders, ...sessionOptions }) : undefined;
  let machine: Pick<Speed, 'threads' | 'fuses'> = { threads: 1, fuses: false };
  return defineBackend('onnx', {
    version: VERSION,
    async probe() {
      const runtime = await sessions.runtime();
      const { title, threads, providers, supported, fusedDense } = runtime;
      // The default ones are always there; others may lack a driver, which only a session finds out.
      if (!providers.every((name) => BUNDLED.includes(name))) {
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
      initial: () => REFERENCE,
      parse: knownCalibration,
      async measure(plans) {
        const { sharesThreads, sessionOptions: usual } = await sessions.runtime();
        const compile = (graph: Graph, threads: number): Promise<Executable> =>
          sessions.open(graph, plans, { ...usual, intraOpNumThreads: threads });
        return calibrate(compile, machine, !sharesThreads);
      },
    },
    estimate: (graph, plans, speed) => predict(graph, plans, { ...speed, ...machine }),
    compile: (graph, { plans }) => sessions.open(graph, plans),
    dispose: () => sessions.dispose(),
  });
}

function supportsNode(node: GraphNode, graph: Graph): true | string {
  if (!isLowered(node.op)) return `there is no lowering for ${node.op}`;
  return node.op !== 'attention' || (planObstacle(graph, node) ?? true);
}

/** The sessions of a backend, and the runtime that they are of. */
class Sessions {
  private readonly load: () => Promise<Runtime>;
  private readonly portable: boolean;
  private loading: Promise<Runtime> | undefined;
  private readonly executables = new Set<Executable>();

  constructor(load: () => Promise<Runtime>, portable: boolean) {
    this.load = load;
    this.portable = portable;
  }

  runtime(): Promise<Runtime> {
    this.loading ??= this.load().catch((error: unknown) => {
      // It may be there when it is asked for again.
      this.loading = undefined;
      throw error;
    });
    return this.loading;
  }

  /** A session that runs a graph which is known to be supported. */
  async open(
    graph: Graph,
    plans: PlanCache,
    sessionOptions?: Runtime['sessionOptions'],
  ): Promise<Executable> {
    const runtime = await this.runtime();
    const { fusedDense } = runtime;
    // Only now: who never compiles need not wait for the definitions of ONNX to be loaded.
    const [{ lowerGraph }, { openSession }] = await Promise.all([
      import('../lower/lower.ts'),
      import('./open-session.ts'),
    ]);
    const lowered = lowerGraph(graph, plans, { portable: this.portable, fusedDense, flatOutputs: true });
    const session = await openSession(runtime, lowered.model, sessionOptions ?? runtime.sessionOptions);
    const executable = new OnnxExecutable(runtime, session, graph, lowered, () =>
      this.executables.delete(executable),
    );
    this.executables.add(executable);
    return executable;
  }

  dispose(): void {
    for (const executable of this.executables) executable.dispose();
  }
}
