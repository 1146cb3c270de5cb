/**
 * Runs of graphs on backends. A graph is compiled once for a backend and kept for later calls, as long as
 * all that is kept fits: an executable may hold the weights of a model once more, so that bytes count, not
 * only executables.
 */
import type { Backend, CompileOptions, Executable, RunOptions, Tensors } from '../contract/backend.ts';
import { clock } from '../async/clock.ts';
import { untilAborted } from '../async/until-aborted.ts';
import { isLost } from '../choose/failure-log.ts';
import type { AttnError } from '../errors.ts';
import type { Graph } from '../graph/graph.ts';
import type { PlanCache } from '../plan/plan-cache.ts';
import { byteLengthOf } from '../tensor.ts';
import { debug } from '../util/debug.ts';
import { LruMap } from '../util/lru.ts';
import { typedFailure } from './typed-failure.ts';

/** Most executables, and most bytes that they hold together. The newest is kept whatever it weighs. */
const MOST_EXECUTABLES = 32;
const MOST_BYTES = 1.5 * 2 ** 30;

/** An executable that is kept. It is disposed when it has left the map and no run uses it. */
interface Entry {
  readonly executable: Promise<Executable>;
  /** What it holds; until it says that itself, the bytes of all constants. */
  bytes: number;
  runs: number;
  hasLeft: boolean;
  measuredMs: number | undefined;
}

export class Runs {
  private readonly plans: PlanCache;
  private readonly entries = new LruMap<Entry>(MOST_EXECUTABLES, {
    maxWeight: MOST_BYTES,
    weigh: ({ bytes }) => bytes,
    onEvict: (entry) => {
      entry.hasLeft = true;
      disposeIfUnused(entry);
    },
  });
  /** Everything that uses a backend now. */
  private readonly work = new Set<Promise<unknown>>();

  constructor(plans: PlanCache) {
    this.plans = plans;
  }

  /** Counts a promise as work that uses a backend until it settles, and returns it. */
  track<T>(promise: Promise<T>): Promise<T> {
    this.work.add(promise);
    const forget = () => this.work.delete(promise);
    promise.then(forget, forget);
    return promise;
  }

  /** Resolves when no work is left, including work that began in the meantime. */
  async settled(): Promise<void> {
    while (this.work.size > 0) await Promise.allSettled(this.work);
  }

  /** Runs a graph on a backend. Errors: those of the backend, typed, and `ABORTED`. */
  async run(backend: Backend, graph: Graph, inputs: Tensors, options: RunOptions): Promise<Tensors> {
    const entry = this.entries.get(keyOf(backend, graph)) ?? this.add(backend, graph);
    entry.runs += 1;
    try {
      const executable = await untilAborted(entry.executable, options.signal, 'core/run');
      const start = clock.now();
      const outputs = await typedFailure(backend, 'RUN_FAILED', () => executable.run(inputs, options));
      entry.measuredMs = clock.now() - start;
      report(graph, 'ran', backend, entry.measuredMs);
      return outputs;
    } finally {
      entry.runs -= 1;
      disposeIfUnused(entry);
    }
  }

  /** Compiles a graph for a caller who keeps the executable. Errors: those of the backend, typed. */
  async compile(
    backend: Backend,
    graph: Graph,
    options: Pick<CompileOptions, 'signal'> = {},
  ): Promise<Executable> {
    const start = clock.now();
    const compiling = typedFailure(backend, 'COMPILE_FAILED', () =>
      backend.compile(graph, { ...options, plans: this.plans }),
    );
    const executable = await this.track(compiling);
    report(graph, 'compiled', backend, clock.now() - start);
    return executable;
  }

  /** Milliseconds of the last run of a graph on a backend; undefined before the first. */
  measuredMs(backend: Backend, graph: Graph): number | undefined {
    return this.entries.get(keyOf(backend, graph))?.measuredMs;
  }

  /** Drops what no longer works after a failure: all of a lost backend, else the graph's executable. */
  forget(backend: Backend, graph: Graph, error: AttnError): void {
    if (isLost(error)) this.dropWhere((key) => key.startsWith(`${backend.name} `));
    else this.entries.delete(keyOf(backend, graph));
  }

  /** Drops the executables of a graph on all backends. */
  release(graph: Graph): void {
    this.dropWhere((key) => key.endsWith(` ${graph.key}`));
  }

  /** Drops everything. */
  clear(): void {
    this.entries.clear();
  }

  private add(backend: Backend, graph: Graph): Entry {
    const key = keyOf(backend, graph);
    const executable = this.compile(backend, graph);
    const bytes = constantBytes(graph);
    const entry: Entry = { executable, bytes, runs: 0, hasLeft: false, measuredMs: undefined };
    this.entries.set(key, entry);
    executable.then(
      ({ heldBytes = bytes }) => {
        entry.bytes = heldBytes;
        if (!entry.hasLeft) this.entries.reweigh(key);
      },
      () => {
        if (!entry.hasLeft) this.entries.delete(key);
      },
    );
    return entry;
  }

  private dropWhere(test: (key: string) => boolean): void {
    for (const key of this.entries.keys()) if (test(key)) this.entries.delete(key);
  }
}

function keyOf(backend: Backend, graph: Graph): string {
  return `${backend.name} ${graph.key}`;
}

function constantBytes({ constants }: Graph): number {
  let bytes = 0;
  for (const tensor of constants.values()) bytes += byteLengthOf(tensor);
  return bytes;
}

function disposeIfUnused(entry: Entry): void {
  if (!entry.hasLeft || entry.runs > 0) return;
  entry.executable.then(
    (executable) => executable.dispose(),
    () => {},
  );
}

function report(graph: Graph, what: 'compiled' | 'ran', backend: Backend, milliseconds: number): void {
  debug(2, () => `${graph.key}: ${what} on ${backend.name} in ${milliseconds.toFixed(2)} ms`);
}
