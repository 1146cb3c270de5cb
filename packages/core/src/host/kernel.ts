/** The kernels of a backend in host memory: a function per op. The executor does everything else. */
import type { Progress } from '../contract/backend.ts';
import type { OpAttributes } from '../ops/attributes.ts';
import type { ComputedOp, OpName } from '../ops/op-name.ts';
import type { DType, StorageOf, Tensor } from '../tensor.ts';
import type { NodeOf } from '../graph/graph.ts';
import type { Pause } from '../async/pause.ts';

/** The argument of a kernel: a node, its tensors, and its attributes. */
export interface KernelCall<K extends OpName> {
  /** The node to compute. It is one object for all runs of an executable, so a kernel can cache by it. */
  readonly node: NodeOf<K>;
  /**
   * The inputs by name, row-major; absent ones have no entry. Constants are the same objects at every run.
   * Never write to an input. Shapes are those of the tensors: a node that computes each row by itself, such
   * as `linear`, may be called for a part of its rows.
   */
  readonly inputs: Readonly<Record<string, Tensor>>;
  /** The outputs, to be overwritten completely: their content is undefined. They overlap no input. */
  readonly outputs: readonly Tensor[];
  readonly attributes: OpAttributes[K];
  readonly context: KernelContext;
}

/** What the executor offers to a kernel. */
export interface KernelContext {
  readonly signal: AbortSignal | undefined;
  /** Reports progress; to be called after each tile or so. Throttled. Undefined when nobody listens. */
  readonly onProgress: ((progress: Progress) => void) | undefined;
  /**
   * Lets the event loop turn when more than about 30 ms have passed, and throws `ABORTED` when the run was
   * aborted. To be called between units of work of a millisecond or so:
   * `const pausing = pause(); if (pausing) await pausing;`.
   */
  readonly pause: Pause;
  /** Returns working memory that is valid until the kernel returns; its content is undefined. */
  scratch<D extends DType>(dtype: D, length: number): StorageOf[D];
}

/** Computes a node. Returns a promise only if it has to wait. */
export type Kernel<K extends OpName> = (call: KernelCall<K>) => void | Promise<void>;

/** The kernels of a backend. Views such as `reshape` need none. */
export type KernelTable = { readonly [K in OpName]?: Kernel<K> };

/** The kernels of a backend that can do everything: one without a kernel for an op does not compile. */
export type CompleteKernelTable = { readonly [K in ComputedOp]: Kernel<K> };
