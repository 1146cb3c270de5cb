/** Runs graphs on given backends: they are compiled once, kept for later calls, and forgotten when they no longer work. */
import type { Backend, CompileOptions, Executable, RunOptions, Tensors } from '../contract/backend.ts';
import type { AttnError } from '../errors.ts';
import type { Graph } from '../graph/graph.ts';
import { untilAborted } from '../async/until-aborted.ts';
import type { PlanCache } from '../plan/plan-cache.ts';
import { cacheKey, ExecutableCache } from './executable-cache.ts';
import { isLost } from '../choose/failure-log.ts';
import type { InFlight } from './in-flight.ts';
import { timed } from './timed.ts';
import { typedFailure } from './typed-failure.ts';

/** How many executables are kept. */
const EXECUTABLES = 32;

export class Runner {
  private readonly executables = new ExecutableCache(EXECUTABLES);
  private readonly plans: PlanCache;
  private readonly inFlight: InFlight;

  /** @param inFlight told of compilations, which go on when their call is aborted */
  constructor(plans: PlanCache, inFlight: InFlight) {
    this.plans = plans;
    this.inFlight = inFlight;
  }

  /** Runs a graph here. Errors: those of the backend, and `ABORTED`. */
  run(backend: Backend, graph: Graph, inputs: Tensors, options: RunOptions): Promise<Tensors> {
    const { plans } = this;
    const compile = () => this.inFlight.track(compileOn(backend, graph, { plans }));
    return this.executables.use(cacheKey(backend, graph), compile, async (compiling, measured) => {
      const executable = await untilAborted(compiling, options.signal, 'core/select');
      const run = () => typedFailure(backend, 'RUN_FAILED', () => executable.run(inputs, options));
      return timed('ran', graph, backend, run, measured);
    });
  }

  /** Milliseconds of the last run of a graph on a backend, if it is known. */
  measuredMs(backend: Backend, graph: Graph): number | undefined {
    return this.executables.measuredMs(cacheKey(backend, graph));
  }

  /** Drops what no longer works after a failure. */
  forget(backend: Backend, graph: Graph, error: AttnError): void {
    if (isLost(error)) this.executables.dropAll(cacheKey(backend));
    else this.executables.drop(cacheKey(backend, graph));
  }

  /** Drops everything. */
  clear(): void {
    this.executables.clear();
  }
}

/** Compiles a graph, measured. Errors: those of the backend, typed. */
export function compileOn(backend: Backend, graph: Graph, options: CompileOptions): Promise<Executable> {
  const compile = () => typedFailure(backend, 'COMPILE_FAILED', () => backend.compile(graph, options));
  return timed('compiled', graph, backend, compile);
}
