/** One compiled graph. Its runs take turns, and a run that finds the device lost compiles for another. */
import { AttnError, type Graph, type Tensor, type Tensors } from '@attn/core';
import {
  checkGraphData,
  checkRunInputs,
  checkRunOutputs,
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
import type { GpuStateMemory, GpuStates } from './gpu-state.ts';
import { checkGpuInput, isOnGpu } from './gpu-tensor.ts';
import type { Program, RunOperands } from './program.ts';

const WHERE = 'webgpu/run';

/** What an executable needs of its backend. */
export interface ExecutableContext {
  /** Compiles the program again after its device was lost. */
  readonly createProgram: () => Promise<Program>;
  readonly states: GpuStates;
  readonly onDispose: () => void;
}

/** A call of a run. */
interface Call {
  readonly inputs: Readonly<Record<string, AnyTensor>>;
  readonly options: RunOptions | undefined;
  /** Checks the tensors that the caller brings for outputs. */
  readonly targetsOf: (outputs: Tensors | undefined) => Tensors;
}

/** Refuses tensors for outputs that stay on the GPU. */
function noTargets(outputs: Tensors = {}): Tensors {
  if (Object.values(outputs).every((tensor) => tensor === undefined)) return {};
  const message = 'outputs stay on the GPU, got tensors of the host for them';
  throw new AttnError('INVALID_ARGUMENT', WHERE, message);
}

/** A program as an executable. */
export class ProgramExecutable implements GpuExecutable {
  private readonly graph: Graph;
  private readonly context: ExecutableContext;
  private readonly queue: RunQueue;
  /** Runs that were called and have not ended. */
  private calls = 0;
  private program: Program;
  private disposed = false;

  constructor(graph: Graph, program: Program, context: ExecutableContext) {
    this.graph = graph;
    this.program = program;
    this.context = context;
    this.queue = new RunQueue();
  }

  async run(inputs: Readonly<Record<string, AnyTensor>>, options?: RunOptions): Promise<Tensors> {
    const targetsOf = (outputs: Tensors | undefined): Tensors => checkRunOutputs(this.graph, inputs, outputs);
    return this.enqueue({ inputs, options, targetsOf }, (program, operands) => program.run(operands));
  }

  async runOnGpu(
    inputs: Readonly<Record<string, AnyTensor>>,
    options?: RunOptions,
  ): Promise<Record<string, GpuTensor>> {
    return this.enqueue({ inputs, options, targetsOf: noTargets }, (program, operands) =>
      program.runOnGpu(operands),
    );
  }

  /** Releases the program, after a run in progress. */
  dispose(): void {
    if (this.disposed) return;
    this.disposed = true;
    this.context.onDispose();
    this.releaseIfUnused();
  }

  /** Checks a run, waits for its turn, and performs it. */
  private enqueue<T>(
    { inputs, options, targetsOf }: Call,
    run: (program: Program, operands: RunOperands) => Promise<T>,
  ): Promise<T> {
    return withRunOptions(WHERE, options, async (runOptions) => {
      const { signal, onProgress, state } = runOptions;
      const checked = this.checkRun(inputs, runOptions);
      const ownTargets = targetsOf(runOptions.outputs);
      // The GPU finishes what it has begun. An aborted run goes on in the background, where it writes to no
      // tensor of the caller, and the next one waits for it.
      const targets = (): Tensors => (signal?.aborted ? {} : ownTargets);
      const task = async (memory: GpuStateMemory | undefined): Promise<T> =>
        run(await this.programFor(memory), { inputs: checked, state: memory, targets });
      const work = this.context.states.use({ graph: this.graph, state, signal }, (memory) =>
        this.queue.run(() => task(memory), signal, WHERE),
      );
      const outputs = await untilAborted(this.counted(work), signal, WHERE);
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

  /** The program, on a device that is not lost. Errors: `DEVICE_LOST` for a state that was on a lost one. */
  private async programFor(state: GpuStateMemory | undefined): Promise<Program> {
    if (this.program.gpu.lossReason !== undefined) this.program = await this.context.createProgram();
    state?.gpu.throwIfLost(WHERE);
    return this.program;
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

  private releaseIfUnused(): void {
    if (this.disposed && this.calls === 0) this.program.dispose();
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
