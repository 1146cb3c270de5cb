/**
 * Finds the backend of each graph, and goes on with the next best when one fails. A backend that was named
 * never falls back; otherwise a lost device, a dead worker or a lack of memory, say, moves the same work to
 * the next backend, and `fallback` is emitted. `failure-log.ts` has the failures that count.
 */
import { withCallbacks } from '../async/callbacks.ts';
import type { Backend, RunOptions, Tensors } from '../contract/backend.ts';
import { untilAborted } from '../async/until-aborted.ts';
import type { Chooser } from '../choose/chooser.ts';
import { isRecoverable } from '../choose/failure-log.ts';
import type { Trial, Tuner } from '../choose/tuner.ts';
import { AttnError, throwIfAborted } from '../errors.ts';
import { checkGraph } from '../graph/check-graph.ts';
import type { Graph } from '../graph/graph.ts';
import { debug } from '../util/debug.ts';
import type { AttnRunOptions } from './attn.ts';
import { Listeners } from './listeners.ts';
import type { Runs } from './runs.ts';

const WHERE = 'core/run';

/** Where work is to be done. */
export interface Wish {
  /** On this backend or nowhere. */
  readonly name?: string | undefined;
  /** First on this backend, where no name is given. Default: on the best. */
  readonly first?: Backend;
  readonly signal?: AbortSignal | undefined;
}

/** What a run gives, and the backend that it ran on. */
export interface Outcome {
  readonly outputs: Tensors;
  readonly backend: string;
}

export class Dispatcher {
  readonly listeners: Listeners = new Listeners();
  /** The graph that ran last, and its backend. */
  last: { readonly graph: Graph; readonly backend: string } | undefined;
  private readonly chooser: Chooser;
  private readonly runs: Runs;
  private readonly tuner: Tuner | undefined;
  private isOver = false;

  /** @param tuner times backends, where calls choose by measured times */
  constructor(chooser: Chooser, runs: Runs, tuner: Tuner | undefined) {
    this.chooser = chooser;
    this.runs = runs;
    this.tuner = tuner;
  }

  /** Work that comes later, or would have to start again elsewhere, rejects with `DISPOSED`. */
  end(): void {
    this.isOver = true;
  }

  throwIfOver(cause?: unknown): void {
    if (this.isOver) throw new AttnError('DISPOSED', WHERE, 'this Attn has been disposed', { cause });
  }

  /** Calibrates the backends, unless there is no choice among them. Errors: `ABORTED`, `DISPOSED`. */
  async calibrate(signal: AbortSignal | undefined): Promise<void> {
    this.throwIfOver();
    await untilAborted(this.runs.track(this.chooser.calibrate()), signal, WHERE);
  }

  /**
   * Runs a graph where the options wish it, or on the best backend. Errors: those of `dispatch`, and of the
   * run.
   */
  run(graph: Graph, inputs: Tensors, options: AttnRunOptions): Promise<Outcome> {
    const { backend: name, signal, onProgress, ...others } = options;
    // The callbacks that backends get never throw, so that no backend is blamed for them.
    return withCallbacks({ onProgress }, signal, async (callbacks, stop) => {
      const runOn = (backend: Backend, runOptions: RunOptions) =>
        this.runs.run(backend, graph, inputs, runOptions);
      if (name === undefined) await this.tune(graph, stop, (backend) => runOn(backend, { signal: stop }));
      return this.dispatch(graph, { name, signal: stop }, async (backend) => ({
        outputs: await runOn(backend, { ...callbacks, signal: stop, ...others }),
        backend: backend.name,
      }));
    });
  }

  /**
   * Attempts work on the backends, best first, until it succeeds on one. Errors: those of the last attempt,
   * `NO_BACKEND`, `DISPOSED`.
   */
  async dispatch<T>(
    graph: Graph,
    { name, first, signal }: Wish,
    attempt: (backend: Backend) => Promise<T>,
  ): Promise<T> {
    this.throwIfOver();
    checkGraph(graph);
    if (!this.chooser.isReady(graph, name)) await this.prepare(graph, name, signal);
    const turns = this.chooser.turns(graph, name, first);
    for (let turn = 0; ; turn++) {
      const { backend, predictedMs, tunedMs: measuredMs } = turns[turn];
      this.last = { graph, backend: backend.name };
      debug(1, () => this.chooser.describe(graph, turns[turn]));
      this.listeners.emit('choice', { graph, backend: backend.name, predictedMs, measuredMs });
      this.throwIfOver(); // A listener may have ended it.
      try {
        const result = await this.runs.track(attempt(backend));
        this.chooser.failures.succeeded(backend.name, graph.key);
        return result;
      } catch (error) {
        if (!(error instanceof AttnError) || !isRecoverable(error)) throw error;
        this.throwIfOver(error);
        this.forget(backend, graph, error);
        if (turn + 1 === turns.length) throw error;
        const to = turns[turn + 1].backend.name;
        debug(1, () => `${graph.key}: ${backend.name} failed (${error.message}), falling back to ${to}`);
        this.listeners.emit('fallback', { graph, from: backend.name, to, error });
      }
    }
  }

  /**
   * With `tune: 'measure'`, finds the fastest backend of a graph by trials, unless it is known. A backend
   * that fails in a trial comes last, as after a call. Errors: those of the trial that are not the
   * backend's.
   */
  private async tune(
    graph: Graph,
    signal: AbortSignal | undefined,
    trial: (backend: Backend) => Promise<unknown>,
  ): Promise<void> {
    if (this.tuner === undefined) return;
    this.throwIfOver();
    checkGraph(graph);
    if (this.tuner.times(graph) !== undefined) return;
    await this.prepare(graph, undefined, signal);
    const tracked: Trial = ({ backend }) => {
      this.throwIfOver();
      return this.runs.track(trial(backend));
    };
    throwIfAborted(signal, WHERE);
    // A call that waits for another call's measurement can be aborted meanwhile.
    const tuning = this.tuner.tune(graph, this.chooser.backends, this.chooser.turns(graph), tracked);
    const failures = await untilAborted(tuning, signal, WHERE);
    for (const { candidate, error } of failures) {
      this.forget(candidate.backend, graph, error);
      const [{ backend: next }] = this.chooser.turns(graph);
      this.listeners.emit('fallback', { graph, from: candidate.backend.name, to: next.name, error });
    }
  }

  /** Makes ready what backends are compared by; a backend that was named is not compared. */
  private async prepare(
    graph: Graph,
    name: string | undefined,
    signal: AbortSignal | undefined,
  ): Promise<void> {
    if (name === undefined) await this.calibrate(signal);
    await this.chooser.plan(graph, signal);
    this.throwIfOver();
  }

  /** Remembers a failure, and drops what no longer works after it. */
  private forget(backend: Backend, graph: Graph, error: AttnError): void {
    this.chooser.failures.failed(backend.name, graph.key, error);
    this.runs.forget(backend, graph, error);
  }
}
