/**
 * One use of a kernel: its operands as addresses. What already lies in the heap is used where it is; what comes from elsewhere,
 * or is half precision, is copied in and out. All that was allocated is given back at the end, whatever happens.
 */
import { AttnError, type Tensor } from '@attn/core';
import {
  float32ToHalf,
  halfToFloat32,
  isLazy,
  sizeOf,
  storageOver,
  type KernelCall,
  type OpName,
  type Pause,
} from '@attn/core/backend';
import type { Engine } from '../engine/engine.ts';
import type { Heap } from '../engine/heap.ts';
import type { Job } from '../engine/job.ts';
import type { Layout, Records } from '../kernels/records.ts';

/** A job whose tasks are records. */
export interface RecordJob extends Pick<Job, 'module' | 'kernel' | 'flops' | 'meanwhile' | 'onProgress'> {
  readonly records: Pick<Records<Layout>, 'words' | 'bytes' | 'count'>;
  /** Scratch memory of each thread. Default 0. */
  readonly scratchBytes?: number;
}

/** Addresses and temporary memory of one kernel call. */
export class Frame {
  readonly engine: Engine;
  readonly heap: Heap;
  readonly pause: Pause;
  private readonly located: Map<Tensor, number>;
  private readonly allocated: number[] = [];
  private readonly copiesOut: (() => void)[] = [];

  constructor(engine: Engine, tensors: readonly Tensor[], pause: Pause) {
    this.engine = engine;
    this.heap = engine.heap;
    this.pause = pause;
    // All at once and first: memory that grows takes arrays over it away.
    this.located = new Map();
    for (const tensor of tensors) {
      if (isLazy(tensor)) continue; // on disk, and not to be read without need
      const address = this.heap.addressOf(tensor.data);
      if (address !== undefined) this.located.set(tensor, address);
    }
  }

  /** Where the numbers of a tensor lie as f32, or undefined when they lie elsewhere or are not f32. */
  locate(tensor: Tensor): number | undefined {
    return tensor.dtype === 'f32' ? this.located.get(tensor) : undefined;
  }

  /** A tensor as it is now: memory may have grown since the call began. Not to be kept across `allocate`. */
  view(tensor: Tensor): Tensor {
    const address = this.located.get(tensor);
    if (address === undefined) return tensor;
    const { dtype, shape } = tensor;
    return { dtype, shape, data: storageOver(dtype, this.heap.buffer, address, sizeOf(shape)) };
  }

  /** Memory until the end of the frame. */
  allocate(bytes: number): number {
    const address = this.heap.allocate(bytes);
    this.allocated.push(address);
    return address;
  }

  /** Gives memory back before the end. */
  free(address: number): void {
    this.allocated.splice(this.allocated.lastIndexOf(address), 1);
    this.heap.free(address);
  }

  /** The address of a float tensor's numbers, as f32. */
  input(tensor: Tensor): number {
    const known = this.locate(tensor);
    if (known !== undefined) return known;
    const size = sizeOf(tensor.shape);
    const address = this.allocate(4 * size);
    copyFloats(this.view(tensor), 0, this.heap.f32(address, size));
    return address;
  }

  /** The address to write a float tensor's numbers to, as f32; `finish` brings them to where they belong. */
  output(tensor: Tensor): number {
    const known = this.locate(tensor);
    if (known !== undefined) return known;
    const size = sizeOf(tensor.shape);
    const address = this.allocate(4 * size);
    this.copiesOut.push(() => writeFloats(this.heap.f32(address, size), this.view(tensor), 0));
    return address;
  }

  /** The address of a tensor of any type, as it is. */
  raw(tensor: Tensor): number {
    const known = this.located.get(tensor);
    if (known !== undefined) return known;
    const bytes = bytesOf(tensor);
    const address = this.allocate(bytes.length);
    this.heap.u8(address, bytes.length).set(bytes);
    return address;
  }

  /** The address to write a tensor of any type to, as it is; `finish` brings it to where it belongs. */
  rawOutput(tensor: Tensor): number {
    const known = this.located.get(tensor);
    if (known !== undefined) return known;
    const bytes = bytesOf(tensor);
    const address = this.allocate(bytes.length);
    this.copiesOut.push(() => bytes.set(this.heap.u8(address, bytes.length)));
    return address;
  }

  /** Writes records of 32-bit words one after another, and says where. */
  words(words: ArrayLike<number>): number {
    const address = this.allocate(4 * words.length);
    this.heap.i32(address, words.length).set(words);
    return address;
  }

  /** Runs a kernel over records on all threads. */
  async run({ records, scratchBytes = 0, ...job }: RecordJob): Promise<void> {
    const tasks = this.words(records.words);
    const { bytes: taskBytes, count } = records;
    await this.engine.run({ ...job, tasks, taskBytes, count, scratchBytes }, this.pause);
    this.free(tasks);
  }

  /** Writes the outputs that lie elsewhere. */
  finish(): void {
    for (const copy of this.copiesOut) copy();
  }

  /** Gives back all memory. */
  release(): void {
    for (const address of this.allocated.splice(0)) this.heap.free(address);
    this.engine.settle();
  }
}

/** Runs `work` in a frame of a kernel call. */
export async function inFrame<K extends OpName>(
  engine: Engine,
  { inputs, outputs, context }: KernelCall<K>,
  work: (frame: Frame) => Promise<void>,
): Promise<void> {
  const frame = new Frame(engine, [...Object.values(inputs), ...outputs], context.pause);
  try {
    await work(frame);
    frame.finish();
  } finally {
    frame.release();
  }
}

function bytesOf({ data }: Tensor): Uint8Array {
  return new Uint8Array(data.buffer, data.byteOffset, data.byteLength);
}

/** Copies elements of a float tensor from index `from` on, widened if need be. */
export function copyFloats(tensor: Tensor, from: number, to: Float32Array): void {
  const { dtype, data } = tensor;
  if (dtype === 'f32' && data instanceof Float32Array) to.set(data.subarray(from, from + to.length));
  else if (dtype === 'f16' && data instanceof Uint16Array)
    halfToFloat32(data.subarray(from, from + to.length), to);
  else throw new AttnError('INTERNAL', 'wasm/run', `expected a float tensor, got ${dtype}`);
}

/** Copies numbers to elements of a float tensor from index `at` on, rounded if need be. */
export function writeFloats(from: Float32Array, tensor: Tensor, at: number): void {
  const { dtype, data } = tensor;
  if (dtype === 'f32' && data instanceof Float32Array) data.set(from, at);
  else if (dtype === 'f16' && data instanceof Uint16Array)
    float32ToHalf(from, data.subarray(at, at + from.length));
  else throw new AttnError('INTERNAL', 'wasm/run', `expected a float tensor, got ${dtype}`);
}
