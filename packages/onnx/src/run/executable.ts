/** One compiled graph: ONNX Runtime sessions and what they are fed. Runs take turns. */
import { AttnError, type Graph, type Tensor, type Tensors } from '@attn/core';
import {
  checkGraphData,
  checkRunInputs,
  checkRunOutputs,
  eventLoopTurn,
  intoOutputs,
  onHostTimers,
  RunQueue,
  throttleProgress,
  throwIfAborted,
  untilAborted,
  type Executable,
  type HostStateMemory,
  type HostStates,
  type RunOptions,
  withRunOptions,
} from '@attn/core/backend';
import type { LoweredGraph } from '../lower/lower.ts';
import { runError } from './errors.ts';
import type { OpenedSession } from './open-session.ts';
import type { OrtTensor, Runtime } from './runtime.ts';
import { free, stateOutputs, writeState } from './state.ts';
import { fromOrt, toOrt } from './tensors.ts';

/** What an executable needs of its backend. */
export interface ExecutableContext {
  readonly runtime: Runtime;
  readonly states: HostStates;
  readonly onRelease: () => void;
}

/** A session, and the graph that it computes: all of it, or one of its stages (`stages.ts`). */
export interface Stage extends OpenedSession {
  readonly graph: Graph;
  /** The model itself is not kept: the session has its weights. */
  readonly lowered: Omit<LoweredGraph, 'model'>;
}

/** The sessions of a graph as an `Executable`. */
export class OnnxExecutable implements Executable {
  readonly heldBytes: number;
  private readonly context: ExecutableContext;
  private readonly graph: Graph;
  private readonly stages: readonly Stage[];
  private readonly queue = new RunQueue();
  /** Runs that were called and have not ended. */
  private calls = 0;
  private disposed = false;
  private released = false;

  constructor(context: ExecutableContext, graph: Graph, stages: readonly Stage[]) {
    this.context = context;
    this.heldBytes = stages.reduce((sum, { heldBytes }) => sum + heldBytes, 0);
    this.graph = graph;
    this.stages = stages;
  }

  /** Runs the graph. Errors: those of `Executable.run`. */
  async run(inputs: Tensors, options?: RunOptions): Promise<Tensors> {
    return withRunOptions('onnx/run', options, (runOptions) => this.runChecked(inputs, runOptions));
  }

  private async runChecked(inputs: Tensors, options: RunOptions): Promise<Tensors> {
    const { signal, onProgress, state } = options;
    const where = 'onnx/run';
    if (this.disposed) throw new AttnError('DISPOSED', where, 'the executable has been disposed');
    throwIfAborted(signal, where);
    const checked = checkRunInputs(this.graph, inputs);
    const targets = checkRunOutputs(this.graph, inputs, options.outputs);
    checkGraphData(this.graph, checked);
    // ONNX Runtime cannot stop a run. An aborted run goes on in the background, and the next one waits for
    // it.
    const work = this.context.states.use({ graph: this.graph, state, signal }, (memory) =>
      this.queue.run(() => this.runNow(checked, memory, signal), signal, where),
    );
    const result = await untilAborted(this.counted(work), signal, where);
    const total = this.graph.nodes.length;
    throttleProgress(onProgress)?.({ done: total, total, unit: 'nodes' });
    // onnxruntime-node 1.30 makes new arrays of its results, also where it gets some to write to.
    return intoOutputs(result, targets);
  }

  /** Releases the session, after a run in progress. */
  dispose(): void {
    this.disposed = true;
    this.releaseIfUnused();
  }

  /** Counts a call until its work has ended, also that of an aborted one. */
  private async counted<T>(work: Promise<T>): Promise<T> {
    this.calls += 1;
    try {
      return await work;
    } finally {
      this.calls -= 1;
      this.releaseIfUnused();
    }
  }

  private async runNow(
    inputs: Readonly<Record<string, Tensor>>,
    memory: HostStateMemory | undefined,
    signal: AbortSignal | undefined,
  ): Promise<Tensors> {
    const outputs: Record<string, Tensor> = {};
    const between: Record<string, Tensor> = {};
    for (const stage of this.stages) {
      const results = await this.runStage(stage, { ...inputs, ...between }, memory);
      for (const [name, tensor] of Object.entries(results))
        (this.graph.outputs.has(name) ? outputs : between)[name] = tensor;
      if (signal !== undefined) await throwIfAbortedMeanwhile(signal);
    }
    for (const { data } of Object.values(between)) free(data);
    return memory === undefined ? outputs : { ...outputs, ...stateOutputs(memory, this.graph) };
  }

  /** Runs one session, writes what it wrote to states, and returns its other outputs. */
  private async runStage(
    { session, graph, lowered }: Stage,
    inputs: Readonly<Record<string, Tensor>>,
    memory: HostStateMemory | undefined,
  ): Promise<Tensors> {
    const { runtime } = this.context;
    const feeds: Record<string, OrtTensor> = {};
    for (const [name, modelName] of lowered.inputs) feeds[modelName] = toOrt(runtime, inputs[name]);
    for (const feed of lowered.planFeeds) {
      for (const [name, tensor] of Object.entries(await feed.feeds(inputs)))
        feeds[name] = toOrt(runtime, tensor);
    }
    if (memory !== undefined)
      for (const [name, modelName] of lowered.states) feeds[modelName] = toOrt(runtime, memory.tensor(name));
    let results: Readonly<Record<string, OrtTensor>>;
    try {
      results = await onHostTimers(() => session.run(feeds));
    } catch (cause) {
      throw runError(cause);
    }
    const outputs: Record<string, Tensor> = {};
    for (const [name, modelName] of lowered.outputs) {
      const id = graph.outputs.get(name);
      if (id !== undefined) outputs[name] = fromOrt(results[modelName], graph.values[id]);
    }
    if (memory !== undefined) for (const write of lowered.stateWrites) writeState(memory, write, results);
    return outputs;
  }

  private releaseIfUnused(): void {
    if (!this.disposed || this.released || this.calls > 0) return;
    this.released = true;
    for (const { session } of this.stages) session.release().catch(() => {});
    this.context.onRelease();
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
