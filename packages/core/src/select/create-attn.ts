/**
 * Takes an ordered list of backends, asks each what it can do and how long it would take, runs every graph on the
 * fastest, and can say why. What was asked for by name never falls back; otherwise a lost device, a dead worker or a
 * lack of memory moves the same call to the next best backend, and says so.
 */
import type { Backend, CompileOptions, Probe, Tensors } from '../backend.ts';
import { debug } from '../debug.ts';
import { AttnError, show, type AttnErrorCode } from '../errors.ts';
import type { Graph } from '../graph/graph.ts';
import { untilAborted } from '../graph/until-aborted.ts';
import { attentionGraph, attentionInputs, type AttentionCall } from './attention-call.ts';
import type {
  AttentionResult,
  Attn,
  AttnEvents,
  AttnOptions,
  AttnRunOptions,
  CompiledGraph,
  Explanation,
} from './attn.ts';
import {
  describeChoice,
  judge,
  named,
  rank,
  type Candidate,
  type ProbedBackend,
  type UsableCandidate,
} from './candidates.ts';
import { ExecutableCache } from './executable-cache.ts';
import { LruMap } from '../lru.ts';

const WHERE = 'core/select';

/** How many executables are kept, and for how many graphs the answers of the backends. */
const EXECUTABLES = 32;
const JUDGED_GRAPHS = 256;

/** Failures of the machine, after which another backend may well succeed. */
const FALLBACK_CODES: ReadonlySet<AttnErrorCode> = new Set<AttnErrorCode>([
  'DEVICE_LOST',
  'OUT_OF_MEMORY',
  'WORKER_DIED',
]);

/** Probes the backends, side by side. Errors: `INVALID_ARGUMENT` for two of one name, `ABORTED`. */
export async function createAttn({ backends, backend, signal }: AttnOptions): Promise<Attn> {
  const names = backends.map(({ name }) => name);
  const twice = names.find((name, index) => names.indexOf(name) !== index);
  if (twice !== undefined) {
    throw new AttnError(
      'INVALID_ARGUMENT',
      WHERE,
      `backends must have different names, got ${show(twice)} twice`,
    );
  }
  if (backend !== undefined && !names.includes(backend)) {
    throw new AttnError(
      'INVALID_ARGUMENT',
      WHERE,
      `there is no backend ${show(backend)}; listed are ${names.join(', ')}`,
    );
  }
  const probed = Promise.all(backends.map(async (one) => ({ backend: one, probe: await probeOf(one) })));
  return new Selector(await untilAborted(probed, signal, WHERE), backend);
}

/** Backends promise not to throw; one that does anyway is unavailable, and the others still work. */
async function probeOf(backend: Backend): Promise<Probe> {
  try {
    return await backend.probe();
  } catch (error) {
    return {
      available: false,
      reason: `its probe failed: ${error instanceof Error ? error.message : String(error)}`,
    };
  }
}

class Selector implements Attn {
  private readonly backends: readonly ProbedBackend[];
  private readonly defaultBackend: string | undefined;
  private readonly executables = new ExecutableCache(EXECUTABLES);
  private readonly judged = new LruMap<Candidate[]>(JUDGED_GRAPHS);
  private readonly listeners: { [E in keyof AttnEvents]: Set<(detail: AttnEvents[E]) => void> } = {
    choice: new Set(),
    fallback: new Set(),
  };
  private last: { readonly graph: Graph; readonly backend: string } | undefined;
  private disposing: Promise<void> | undefined;

  constructor(backends: readonly ProbedBackend[], defaultBackend: string | undefined) {
    this.backends = backends;
    this.defaultBackend = defaultBackend;
  }

  async attention(call: AttentionCall & AttnRunOptions): Promise<AttentionResult> {
    const { outputs, backend } = await this.runSomewhere(attentionGraph(call), attentionInputs(call), call);
    return { out: outputs.out, ...(outputs.lse && { lse: outputs.lse }), backend };
  }

  async run(graph: Graph, inputs: Tensors, options: AttnRunOptions = {}): Promise<Tensors> {
    return (await this.runSomewhere(graph, inputs, options)).outputs;
  }

  async compile(
    graph: Graph,
    { backend: name, signal }: CompileOptions & { readonly backend?: string } = {},
  ): Promise<CompiledGraph> {
    return this.withFallback(graph, name, async ({ backend }) => {
      const executable = await this.timed('compiled', graph, backend, () =>
        backend.compile(graph, { signal }),
      );
      return {
        backend: backend.name,
        run: (inputs, options) => executable.run(inputs, options),
        dispose: () => executable.dispose(),
      };
    });
  }

  probe(): readonly ({ readonly name: string } & Probe)[] {
    return this.backends.map(({ backend, probe }) => ({ name: backend.name, ...probe }));
  }

  explain(graph: Graph | undefined = this.last?.graph): Explanation[] {
    if (graph === undefined) {
      return this.backends.map(({ backend, probe }) => ({
        backend: backend.name,
        usable: probe.available,
        reason: probe.available ? undefined : probe.reason,
        predictedMs: undefined,
        measuredMs: undefined,
        chosen: false,
      }));
    }
    const candidates = this.judge(graph);
    const usable = candidates.some(({ predictedMs }) => predictedMs !== undefined);
    const chosen =
      this.last?.graph.key === graph.key ? this.last.backend : usable && rank(candidates)[0].backend.name;
    return candidates.map(({ backend, predictedMs, reason }) => ({
      backend: backend.name,
      usable: predictedMs !== undefined,
      reason,
      predictedMs,
      measuredMs: this.executables.measuredMs(cacheKey(backend, graph)),
      chosen: backend.name === chosen,
    }));
  }

  on<E extends keyof AttnEvents>(event: E, listener: (detail: AttnEvents[E]) => void): () => void {
    this.listeners[event].add(listener);
    return () => this.listeners[event].delete(listener);
  }

  dispose(): Promise<void> {
    this.executables.clear();
    this.disposing ??= Promise.all(this.backends.map(({ backend }) => backend.dispose())).then(() => {});
    return this.disposing;
  }

  private runSomewhere(
    graph: Graph,
    inputs: Tensors,
    { backend: name, signal, onProgress }: AttnRunOptions,
  ): Promise<{ readonly outputs: Tensors; readonly backend: string }> {
    return this.withFallback(graph, name, async ({ backend }) => {
      const compile = () => this.timed('compiled', graph, backend, () => backend.compile(graph));
      const outputs = await this.executables.use(
        cacheKey(backend, graph),
        compile,
        async (compiling, measured) => {
          const executable = await untilAborted(compiling, signal, WHERE);
          return this.timed(
            'ran',
            graph,
            backend,
            () => executable.run(inputs, { signal, onProgress }),
            measured,
          );
        },
      );
      return { outputs, backend: backend.name };
    });
  }

  /** Tries the candidates, best first, until one does not fail for want of a working machine. */
  private async withFallback<T>(
    graph: Graph,
    name: string | undefined = this.defaultBackend,
    attempt: (candidate: UsableCandidate) => Promise<T>,
  ): Promise<T> {
    if (this.disposing) throw new AttnError('DISPOSED', WHERE, 'this Attn has been disposed');
    const candidates = this.judge(graph);
    const ranked = name === undefined ? rank(candidates) : [named(this.backends, candidates, name)];
    let best = 0;
    for (;;) {
      const { backend, predictedMs } = ranked[best];
      this.last = { graph, backend: backend.name };
      debug(1, () => describeChoice(graph, ranked[best], candidates));
      this.emit('choice', { graph, backend: backend.name, predictedMs });
      try {
        return await attempt(ranked[best]);
      } catch (error) {
        if (!(error instanceof AttnError) || !FALLBACK_CODES.has(error.code)) throw error;
        this.executables.drop(cacheKey(backend, graph));
        best += 1;
        if (best === ranked.length) throw error;
        const to = ranked[best].backend.name;
        debug(1, () => `${graph.key}: ${backend.name} failed (${error.message}), falling back to ${to}`);
        this.emit('fallback', { graph, from: backend.name, to, error });
      }
    }
  }

  private judge(graph: Graph): Candidate[] {
    const known = this.judged.get(graph.key);
    if (known !== undefined) return known;
    const candidates = judge(this.backends, graph);
    this.judged.set(graph.key, candidates);
    return candidates;
  }

  private async timed<T>(
    what: string,
    graph: Graph,
    backend: Backend,
    work: () => Promise<T>,
    measured?: (milliseconds: number) => void,
  ): Promise<T> {
    const start = performance.now();
    const result = await work();
    const milliseconds = performance.now() - start;
    measured?.(milliseconds);
    debug(2, () => `${graph.key}: ${what} on ${backend.name} in ${milliseconds.toFixed(2)} ms`);
    return result;
  }

  private emit<E extends keyof AttnEvents>(event: E, detail: AttnEvents[E]): void {
    for (const listener of this.listeners[event]) listener(detail);
  }
}

function cacheKey(backend: Backend, graph: Graph): string {
  return `${backend.name} ${graph.key}`;
}
