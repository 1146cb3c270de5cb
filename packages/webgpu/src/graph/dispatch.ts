/** What ops are turned into: kernels with their parameters, buffers and grids. */
import type { ValueId } from '@attn/core';
import type { KernelSource } from '../device/pipeline-cache.ts';

/** Tables that a kernel reads beside values: made on the host, kept on the device until others take their place. */
export class DeviceTable {
  readonly words: Uint32Array<ArrayBuffer>;

  constructor(words: Uint32Array<ArrayBuffer>) {
    this.words = words;
  }
}

/** Memory that kernels of one node share, and that nobody sees after its run. */
export class DeviceScratch {
  readonly bytes: number;

  constructor(bytes: number) {
    this.bytes = bytes;
  }
}

/** What is bound to a kernel: a value of the graph, a table, or scratch. */
export type Binding = ValueId | DeviceTable | DeviceScratch;

/** One dispatch. */
export interface Dispatch {
  readonly kernel: KernelSource;
  readonly params: Uint32Array<ArrayBuffer>;
  /** From binding 1 on. */
  readonly bindings: readonly Binding[];
  readonly grid: readonly [x: number, y: number, z: number];
}
