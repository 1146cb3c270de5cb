/** A program and its turns: runs of one graph queue up, and one that finds its device lost gets another. */
import {
  AttnError,
  checkGraphData,
  checkRunInputs,
  RunQueue,
  throwIfAborted,
  untilAborted,
  type Executable,
  type Graph,
  type RunOptions,
  type Tensors,
} from '@attn/core';
import type { Program } from './program.ts';

const WHERE = 'webgpu/run';

export class GpuExecutable implements Executable {
  private readonly graph: Graph;
  /** Makes the program again when the device of the last one was lost. */
  private readonly make: () => Promise<Program>;
  private readonly onDispose: () => void;
  private readonly queue: RunQueue;
  private program: Program;
  private disposed = false;

  constructor(graph: Graph, program: Program, make: () => Promise<Program>, onDispose: () => void) {
    this.graph = graph;
    this.program = program;
    this.make = make;
    this.onDispose = onDispose;
    this.queue = new RunQueue(() => this.releaseIfDisposed());
  }

  async run(inputs: Tensors, { signal, onProgress }: RunOptions = {}): Promise<Tensors> {
    if (this.disposed) throw new AttnError('DISPOSED', WHERE, 'the executable has been disposed');
    throwIfAborted(signal, WHERE);
    const checked = checkRunInputs(this.graph, inputs);
    checkGraphData(this.graph, checked);
    const task = async (): Promise<Tensors> => {
      if (this.program.gpu.lost !== undefined) this.program = await this.make();
      return this.program.run(checked);
    };
    // What the GPU has begun it ends: an aborted run is left behind, and the next one waits for it.
    const outputs = await untilAborted(this.queue.run(task, signal, WHERE), signal, WHERE);
    const total = this.graph.nodes.length;
    onProgress?.({ done: total, total, unit: 'nodes' });
    return outputs;
  }

  dispose(): void {
    if (this.disposed) return;
    this.disposed = true;
    this.onDispose();
    if (this.queue.isIdle) this.releaseIfDisposed();
  }

  private releaseIfDisposed(): void {
    if (this.disposed) this.program.release();
  }
}
