/**
 * A frame is one use of a kernel: it gives the addresses of operands. A tensor in the heap is used in place;
 * a tensor elsewhere, or of half precision, is copied in and out. All allocations of a frame are freed at its
 * end, whatever happens.
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
export interface RecordJob extends Pick<
  Job,
  'module' | 'kernel' | 'flops' | 'whileHelpersRun' | 'onProgress'
> {
  readonly records: Pick<Records<Layout>, 'words' | 'bytes' | 'count'>;
  /** Bytes of scratch memory of each thread. Default: 0. */
  readonly scratchBytes?: number;
}

/** The addresses and the temporary memory of one kernel call. */
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
    // All addresses first: arrays over the memory may become invalid when it grows.
    this.located = new Map();
    for (const tensor of tensors) {
      if (isLazy(tensor)) continue; // on disk: reading it here would be a waste
      const address = this.heap.addressOf(tensor.data);
      if (address !== undefined) this.located.set(tensor, address);
    }
  }

  /** The address of an f32 tensor in the heap; undefined for a tensor elsewhere or of another type. */
  locate(tensor: Tensor): number | undefined {
    return tensor.dtype === 'f32' ? this.located.get(tensor) : undefined;
  }

  /**
   * A tensor over the current memory, which may have grown since the call began. Invalid after `allocate`.
   */
  view(tensor: Tensor): Tensor {
    const address = this.located.get(tensor);
    if (address === undefined) return tensor;
    const { dtype, shape } = tensor;
    return { dtype, shape, data: storageOver(dtype, this.heap.buffer, address, sizeOf(shape)) };
  }

  /** Allocates memory until the end of the frame, and returns its address. */
  allocate(bytes: number): number {
    const address = this.heap.allocate(bytes);
    this.allocated.push(address);
    return address;
  }

  /** Frees memory before the end of the frame. */
  free(address: number): void {
    this.allocated.splice(this.allocated.lastIndexOf(address), 1);
    this.heap.free(address);
  }

  /** The address of a float tensor's numbers as f32. */
  input(tensor: Tensor): number {
    const inPlace = this.locate(tensor);
    if (inPlace !== undefined) return inPlace;
    const size = sizeOf(tensor.shape);
    const address = this.allocate(4 * size);
    copyFloats(this.view(tensor), 0, this.heap.f32(address, size));
    return address;
  }

  /**
   * The address where a kernel writes a float tensor's numbers as f32; `finish` copies them to the tensor.
   */
  output(tensor: Tensor): number {
    const inPlace = this.locate(tensor);
    if (inPlace !== undefined) return inPlace;
    const size = sizeOf(tensor.shape);
    const address = this.allocate(4 * size);
    this.copiesOut.push(() => writeFloats(this.heap.f32(address, size), this.view(tensor), 0));
    return address;
  }

  /** The address of the bytes of a tensor of any type. */
  raw(tensor: Tensor): number {
    const inPlace = this.located.get(tensor);
    if (inPlace !== undefined) return inPlace;
    const bytes = bytesOf(tensor);
    const address = this.allocate(bytes.length);
    this.heap.u8(address, bytes.length).set(bytes);
    return address;
  }

  /**
   * The address where a kernel writes the bytes of a tensor of any type; `finish` copies them to the tensor.
   */
  rawOutput(tensor: Tensor): number {
    const inPlace = this.located.get(tensor);
    if (inPlace !== undefined) return inPlace;
    const bytes = bytesOf(tensor);
    const address = this.allocate(bytes.length);
    this.copiesOut.push(() => bytes.set(this.heap.u8(address, bytes.length)));
    return address;
  }

  /** Copies 32-bit words into the heap, and returns their address. */
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

  /** Copies results to the outputs outside of the heap. */
  finish(): void {
    for (const copy of this.copiesOut) copy();
  }

  /** Frees all memory of the frame. */
  release(): void {
    for (const address of this.allocated.splice(0)) this.heap.free(address);
    this.engine.scheduleHeapRelease();
  }
}

/** Runs `work` in the frame of a kernel call. */
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

/** Copies elements of a float tensor, from index `from` on, to f32 numbers. */
export function copyFloats(tensor: Tensor, from: number, to: Float32Array): void {
  const { dtype, data } = tensor;
  if (dtype === 'f32' && data instanceof Float32Array) to.set(data.subarray(from, from + to.length));
  else if (dtype === 'f16' && data instanceof Uint16Array)
    halfToFloat32(data.subarray(from, from + to.length), to);
  else throw new AttnError('INTERNAL', 'wasm/run', `expected a float tensor, got ${dtype}`);
}

/** Copies f32 numbers to elements of a float tensor, from index `at` on; rounds if the tensor is f16. */
export function writeFloats(from: Float32Array, tensor: Tensor, at: number): void {
  const { dtype, data } = tensor;
  if (dtype === 'f32' && data instanceof Float32Array) data.set(from, at);
  else if (dtype === 'f16' && data instanceof Uint16Array)
    float32ToHalf(from, data.subarray(at, at + from.length));
  else throw new AttnError('INTERNAL', 'wasm/run', `expected a float tensor, got ${dtype}`);
}
