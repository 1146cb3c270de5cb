/** One compiled graph: an ONNX Runtime session and what it is fed. Runs of a session take turns. */
import { AttnError, type Graph, type Tensor, type Tensors } from '@attn/core';
import {
  checkGraphData,
  checkRunInputs,
  eventLoopTurn,
  onHostTimers,
  RunQueue,
  throttleProgress,
  throwIfAborted,
  untilAborted,
  type Executable,
  type RunOptions,
  withRunOptions,
} from '@attn/core/backend';
import type { LoweredGraph } from '../lower/lower.ts';
import { runError } from './errors.ts';
import type { OrtSession, OrtTensor, Runtime } from './runtime.ts';
import { fromOrt, toOrt } from './tensors.ts';

/** A session as an `Executable`. */
export class OnnxExecutable implements Executable {
  private readonly runtime: Runtime;
  private readonly session: OrtSession;
  private readonly graph: Graph;
  private readonly lowered: Pick<LoweredGraph, 'inputs' | 'outputs' | 'planFeeds'>;
  private readonly onRelease: () => void;
  private readonly queue: RunQueue;
  private disposed = false;
  private released = false;

  constructor(
    runtime: Runtime,
    session: OrtSession,
    graph: Graph,
    { inputs, outputs, planFeeds }: LoweredGraph,
    onRelease: () => void,
  ) {
    this.runtime = runtime;
    this.session = session;
    this.graph = graph;
    // The model itself is not kept: the session has its weights now.
    this.lowered = { inputs, outputs, planFeeds };
    this.onRelease = onRelease;
    this.queue = new RunQueue(() => this.releaseIfDisposed());
  }

  /** Runs the graph. Errors: those of `Executable.run`. */
  async run(inputs: Tensors, options?: RunOptions): Promise<Tensors> {
    return withRunOptions('onnx/run', options, (runOptions) => this.runChecked(inputs, runOptions));
  }

  private async runChecked(inputs: Tensors, { signal, onProgress }: RunOptions): Promise<Tensors> {
    const where = 'onnx/run';
    if (this.disposed) throw new AttnError('DISPOSED', where, 'the executable has been disposed');
    throwIfAborted(signal, where);
    const checked = checkRunInputs(this.graph, inputs);
    checkGraphData(this.graph, checked);
    // ONNX Runtime cannot stop a run. An aborted run goes on in the background, and the next one waits for
    // it.
    const result = await untilAborted(
      this.queue.run(() => this.runNow(checked, signal), signal, where),
      signal,
      where,
    );
    const total = this.graph.nodes.length;
    throttleProgress(onProgress)?.({ done: total, total, unit: 'nodes' });
    return result;
  }

  /** Releases the session, after a run in progress. */
  dispose(): void {
    this.disposed = true;
    if (this.queue.isIdle) this.releaseIfDisposed();
  }

  private async runNow(
    inputs: Readonly<Record<string, Tensor>>,
    signal: AbortSignal | undefined,
  ): Promise<Tensors> {
    const feeds: Record<string, OrtTensor> = {};
    for (const [name, modelName] of this.lowered.inputs) feeds[modelName] = toOrt(this.runtime, inputs[name]);
    for (const feed of this.lowered.planFeeds) {
      for (const [name, tensor] of Object.entries(await feed.feeds(inputs)))
        feeds[name] = toOrt(this.runtime, tensor);
    }
    let results: Readonly<Record<string, OrtTensor>>;
    try {
      results = await onHostTimers(() => this.session.run(feeds));
    } catch (cause) {
      throw runError(cause);
    }
    if (signal !== undefined) await throwIfAbortedMeanwhile(signal);
    const outputs: Record<string, Tensor> = {};
    for (const [name, modelName] of this.lowered.outputs) {
      const id = this.graph.outputs.get(name);
      if (id !== undefined) outputs[name] = fromOrt(results[modelName], this.graph.values[id]);
    }
    return outputs;
  }

  private releaseIfDisposed(): void {
    if (!this.disposed || this.released) return;
    this.released = true;
    this.session.release().catch(() => {});
    this.onRelease();
  }
}

/**
 * Throws `ABORTED` when the signal was aborted during the run. A WebAssembly session blocks the event loop:
 * timers and messages that abort arrive up to two turns after it.
 */
async function throwIfAbortedMeanwhile(signal: AbortSignal): Promise<void> {
  await eventLoopTurn();
  await eventLoopTurn();
  throwIfAborted(signal, 'onnx/run');
}
