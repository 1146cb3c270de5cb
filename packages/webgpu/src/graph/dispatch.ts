/** What ops become: kernels with their parameters, bindings and grids. */
import type { ValueId } from '@attn/core/backend';
import type { KernelSource } from '../device/pipeline-cache.ts';

/** A table that kernels read, made on the host. It stays on the device for as long as dispatches use it. */
export class DeviceTable {
  readonly words: Uint32Array<ArrayBuffer>;

  constructor(words: Uint32Array<ArrayBuffer>) {
    this.words = words;
  }
}

/** Scratch memory that the kernels of one node share during a run. */
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

/** What a kernel binds: a value of the graph, a slice of one, a table, or scratch memory. */
export type Binding = ValueId | ValueSlice | DeviceTable | DeviceScratch;

/** One dispatch of a kernel. */
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
