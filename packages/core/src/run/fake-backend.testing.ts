/** A backend whose answers and failures a test decides; it computes by the references. */
import type { Backend, Executable, Probe, ProbeOptions, RunOptions } from '../contract/backend.ts';
import { AttnError, type AttnErrorCode } from '../errors.ts';
import { compileGraph } from '../host/executor.ts';
import type { Graph } from '../graph/graph.ts';
import { HostStates } from '../host/host-state.ts';
import { referenceKernels } from '../host/reference-kernels.testing.ts';

/** What a test decides; the rest works. */
export interface FakeOptions {
  readonly milliseconds?: number;
  readonly probe?: (options?: ProbeOptions) => Promise<Probe>;
  readonly supports?: true | string;
  /** Called before each run; may throw. */
  readonly onRun?: (options: RunOptions | undefined) => void | Promise<void>;
  /** Keeps state itself; default: core does it for this backend. */
  readonly keepsState?: boolean;
  /** Called before each compilation; may throw. */
  readonly onCompile?: (graph: Graph) => void | Promise<void>;
}

/** A backend that counts. */
export interface FakeBackend extends Backend {
  readonly counts: { compiled: number; ran: number; disposed: number; closed: number; estimated: number };
}

/** Makes a backend that counts. */
export function fakeBackend(name: string, options: FakeOptions = {}): FakeBackend {
  const states = new HostStates(name);
  const counts = { compiled: 0, ran: 0, disposed: 0, closed: 0, estimated: 0 };
  return {
    name,
    counts,
    probe: options.probe ?? (async () => ({ available: true, summary: 'fake', features: {} })),
    supports: () => options.supports ?? true,
    estimate: () => {
      counts.estimated += 1;
      return options.milliseconds ?? 1;
    },
    async compile(graph): Promise<Executable> {
      counts.compiled += 1;
      await options.onCompile?.(graph);
      const executable = compileGraph(graph, { backend: name, kernels: referenceKernels, states });
      return {
        async run(inputs, runOptions) {
          counts.ran += 1;
          await options.onRun?.(runOptions);
          return executable.run(inputs, runOptions);
        },
        dispose() {
          counts.disposed += 1;
          executable.dispose();
        },
      };
    },
    ...(options.keepsState && { createState: (specs) => states.createState(specs) }),
    async dispose() {
      await states.dispose();
      counts.closed += 1;
    },
  };
}

/** A run or a compilation that fails. */
export function fails(code: AttnErrorCode): () => never {
  return () => {
    throw new AttnError(code, 'fake/run', 'told to fail');
  };
}
