/** What a backend in host memory writes: one function per op. The executor does everything else. */
import type { Progress } from '../contract/backend.ts';
import type { OpAttributes } from '../ops/attributes.ts';
import type { ComputedOp, OpName } from '../ops/op-name.ts';
import type { DType, StorageOf, Tensor } from '../tensor.ts';
import type { NodeOf } from '../graph/graph.ts';
import type { Pause } from '../async/pause.ts';

/** One use of a kernel. */
export interface KernelCall<K extends OpName> {
  /** The same object at every run of an executable, so that a kernel can remember what it prepared for the node. */
  readonly node: NodeOf<K>;
  /** By name, row-major; absent ones have no entry. Constants are the same objects at every run. Never write to them. */
  readonly inputs: Readonly<Record<string, Tensor>>;
  /** To be overwritten completely: their content is undefined. They overlap no input. */
  readonly outputs: readonly Tensor[];
  readonly attributes: OpAttributes[K];
  readonly context: KernelContext;
}

/** What a kernel may ask of the executor. */
export interface KernelContext {
  readonly signal: AbortSignal | undefined;
  /** To be called after each tile or so; undefined when nobody listens. Throttled. */
  readonly onProgress: ((progress: Progress) => void) | undefined;
  /**
   * To be called between units of work of a millisecond or so: `const pausing = pause(); if (pausing) await pausing;`.
   * Lets the event loop turn when more than about 30 ms have passed, and throws `ABORTED` when the run was aborted.
   */
  readonly pause: Pause;
  /** Working memory, valid until the kernel returns; its content is undefined. */
  scratch<D extends DType>(dtype: D, length: number): StorageOf[D];
}

/** Computes one node. Returns a promise only if it has to wait. */
export type Kernel<K extends OpName> = (call: KernelCall<K>) => void | Promise<void>;

/** The kernels of a backend. Views such as `reshape` need none. */
export type KernelTable = { readonly [K in OpName]?: Kernel<K> };

/** The kernels of a backend that can do everything: one without a kernel for an op does not compile. */
export type CompleteKernelTable = { readonly [K in ComputedOp]: Kernel<K> };
