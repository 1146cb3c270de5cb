/** Dispatches, into which ops are turned: kernels with their parameters, buffers and grids. */
import type { ValueId } from '@attn/core/backend';
import type { KernelSource } from '../device/pipeline-cache.ts';

/**
 * A table that a kernel reads beside values. The host writes it; the device keeps it until another takes its
 * place.
 */
export class DeviceTable {
  readonly words: Uint32Array<ArrayBuffer>;

  constructor(words: Uint32Array<ArrayBuffer>) {
    this.words = words;
  }
}

/** Memory that the kernels of one node share, and that holds nothing between runs. */
export class DeviceScratch {
  readonly bytes: number;

  constructor(bytes: number) {
    this.bytes = bytes;
  }
}

/** A slice of a value that is too large for one binding. */
export class ValueSlice {
  readonly id: ValueId;
  /** Bytes of the value before the slice, a multiple of 256. */
  readonly offset: number;
  /** Bytes of the slice. */
  readonly bytes: number;

  constructor(id: ValueId, offset: number, bytes: number) {
    this.id = id;
    this.offset = offset;
    this.bytes = bytes;
  }
}

/** A buffer that is bound to a kernel: a value of the graph or a part of it, a table, or scratch memory. */
export type Binding = ValueId | ValueSlice | DeviceTable | DeviceScratch;

/** Buffers by the names that kernels give them. */
export type Operands = Readonly<Partial<Record<string, Binding>>>;

/** The operands of a kernel, in the order in which it declares its buffers. */
export function bindInOrder(buffers: Readonly<Record<string, string>>, operands: Operands): Binding[] {
  return Object.keys(buffers).map((name) => {
    const operand = operands[name];
    if (operand === undefined) throw new Error(`nothing is bound to the buffer ${name} of a kernel`);
    return operand;
  });
}

/** One dispatch. */
export interface Dispatch {
  readonly kernel: KernelSource;
  /** The words of the uniform buffer at binding 0. */
  readonly params: Uint32Array<ArrayBuffer>;
  /** What bindings 1, 2, … hold. */
  readonly bindings: readonly Binding[];
  /** Number of workgroups. */
  readonly grid: readonly [x: number, y: number, z: number];
}

/**
 * The parameters of all dispatches in one array. Those of each begin at a byte offset, a multiple of `step`.
 */
export function packAllParams(
  dispatches: readonly Dispatch[],
  step: number,
): { readonly words: Uint32Array<ArrayBuffer>; readonly offsets: readonly number[] } {
  const offsets: number[] = [];
  let size = 0;
  for (const { params } of dispatches) {
    offsets.push(size);
    size += Math.ceil(params.byteLength / step) * step;
  }
  const words = new Uint32Array(Math.max(size, step) / 4);
  dispatches.forEach(({ params }, index) => words.set(params, offsets[index] / 4));
  return { words, offsets };
}
