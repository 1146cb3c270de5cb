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

/** What is bound to a kernel: a value of the graph, or a table. */
export type Binding = ValueId | DeviceTable;

/** One dispatch. */
export interface Dispatch {
  readonly kernel: KernelSource;
  readonly params: Uint32Array<ArrayBuffer>;
  /** From binding 1 on. */
  readonly bindings: readonly Binding[];
  readonly grid: readonly [x: number, y: number, z: number];
}
