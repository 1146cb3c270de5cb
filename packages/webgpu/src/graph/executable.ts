/** One compiled graph. Its runs take turns, and a run that finds the device lost compiles for another. */
import { AttnError, type Graph, type Tensor, type Tensors } from '@attn/core';
import {
  checkGraphData,
  checkRunInputs,
  planValues,
  readEntries,
  RunQueue,
  throttleProgress,
  throwIfAborted,
  untilAborted,
  type RunOptions,
  withRunOptions,
} from '@attn/core/backend';
import type { DeviceFormat } from './device-format.ts';
import type { AnyTensor, GpuExecutable, GpuTensor, GpuTensorInput } from '../types.ts';
import { checkGpuInput, isOnGpu } from './gpu-tensor.ts';
import type { Program } from './program.ts';

const WHERE = 'webgpu/run';

/** A program as an executable. */
export class ProgramExecutable implements GpuExecutable {
  private readonly graph: Graph;
  /** Compiles the program again after its device was lost. */
  private readonly createProgram: () => Promise<Program>;
  private readonly onDispose: () => void;
  private readonly queue: RunQueue;
  private program: Program;
  private disposed = false;

  constructor(graph: Graph, program: Program, createProgram: () => Promise<Program>, onDispose: () => void) {
    this.graph = graph;
    this.program = program;
    this.createProgram = createProgram;
    this.onDispose = onDispose;
    this.queue = new RunQueue(() => this.releaseIfDisposed());
  }

  async run(inputs: Readonly<Record<string, AnyTensor>>, options?: RunOptions): Promise<Tensors> {
    return this.enqueue(inputs, options, (program, checked) => program.run(checked));
  }

  async runOnGpu(
    inputs: Readonly<Record<string, AnyTensor>>,
    options?: RunOptions,
  ): Promise<Record<string, GpuTensor>> {
    return this.enqueue(inputs, options, (program, checked) => program.runOnGpu(checked));
  }

  /** Releases the program, after a run in progress. */
  dispose(): void {
    if (this.disposed) return;
    this.disposed = true;
    this.onDispose();
    if (this.queue.isIdle) this.releaseIfDisposed();
  }

  /** Checks a run, waits for its turn, and performs it. */
  private enqueue<T>(
    inputs: Readonly<Record<string, AnyTensor>>,
    options: RunOptions | undefined,
    run: (program: Program, checked: Record<string, AnyTensor>) => Promise<T>,
  ): Promise<T> {
    return withRunOptions(WHERE, options, async (runOptions) => {
      const { signal, onProgress } = runOptions;
      const checked = this.checkRun(inputs, runOptions);
      const task = async (): Promise<T> => {
        if (this.program.gpu.lossReason !== undefined) this.program = await this.createProgram();
        return run(this.program, checked);
      };
      // The GPU finishes what it has begun. An aborted run goes on in the background, and the next one waits
      // for it.
      const outputs = await untilAborted(this.queue.run(task, signal, WHERE), signal, WHERE);
      const total = this.graph.nodes.length;
      throttleProgress(onProgress)?.({ done: total, total, unit: 'nodes' });
      return outputs;
    });
  }

  /** Finds every fault of a call before the run waits for its turn. Returns the inputs. */
  private checkRun(
    inputs: Readonly<Record<string, AnyTensor>>,
    { signal }: RunOptions,
  ): Record<string, AnyTensor> {
    if (this.disposed) throw new AttnError('DISPOSED', WHERE, 'the executable has been disposed');
    throwIfAborted(signal, WHERE);
    return checkInputs(this.graph, inputs, this.program.gpu);
  }

  private releaseIfDisposed(): void {
    if (this.disposed) this.program.dispose();
  }
}

/** Checks inputs of either side, and makes those of the host contiguous. */
function checkInputs(
  graph: Graph,
  inputs: Readonly<Record<string, AnyTensor>>,
  format: DeviceFormat,
): Record<string, AnyTensor> {
  const onGpu = new Map<string, GpuTensorInput>();
  const host: Record<string, Tensor> = {};
  for (const [name, value] of readEntries(WHERE, 'inputs', inputs)) {
    const input = value as AnyTensor;
    const id = graph.inputs.get(name);
    if (id === undefined || !isOnGpu(input)) {
      host[name] = input as Tensor;
      continue;
    }
    checkGpuInput(name, input, graph.values[id], format);
    onGpu.set(name, input);
  }
  const planned = new Set(graph.nodes.flatMap((node) => (node.op === 'attention' ? planValues(node) : [])));
  for (const name of onGpu.keys()) {
    if (!planned.has(graph.inputs.get(name) ?? -1)) continue;
    throw new AttnError(
      'INVALID_ARGUMENT',
      WHERE,
      `input ${name} decides on a pattern and must be a tensor of the host, got a GPUBuffer`,
    );
  }
  const isOnHost = ([name]: readonly [string, number]): boolean => !onGpu.has(name);
  const checked = checkRunInputs({ ...graph, inputs: new Map([...graph.inputs].filter(isOnHost)) }, host);
  checkGraphData(graph, checked);
  return { ...checked, ...Object.fromEntries(onGpu) };
}
