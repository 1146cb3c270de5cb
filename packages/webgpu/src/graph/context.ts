/** What turning an op into dispatches needs. */
import type { Graph, NodeOf, OpName, PlanCache, Tensor, TensorSpec, ValueId } from '@attn/core';
import type { Dispatch } from './dispatch.ts';

/** What kernels are chosen by. */
export interface KernelLimits {
  readonly workgroupBytes: number;
  /** Queries of a workgroup of attention, where its shared memory allows. */
  readonly attentionRows: 64 | 32 | 16;
  /** Whether a CPU plays the GPU: it compiles slowly, so that fewer kernels are better than fast ones. */
  readonly isSoftware: boolean;
}

/** One graph on one device. */
export interface ProgramContext {
  readonly graph: Graph;
  readonly limits: KernelLimits;
  readonly plans: PlanCache;
}

/** The dispatches of a node: the same for every run, or made anew from its inputs. */
export type NodeProgram =
  | { readonly kind: 'static'; readonly dispatches: readonly Dispatch[] }
  | {
      readonly kind: 'planned';
      /** The same object for the same plan. */
      dispatches(inputs: Readonly<Record<string, Tensor>>): readonly Dispatch[];
    };

/** How an op becomes dispatches. */
export type Emit<K extends OpName> = (context: ProgramContext, node: NodeOf<K>) => NodeProgram;

/** Dispatches that are always the same. */
export function always(...dispatches: readonly Dispatch[]): NodeProgram {
  return { kind: 'static', dispatches };
}

/** The spec of a value. */
export function specOf({ graph }: ProgramContext, id: ValueId): TensorSpec {
  return graph.values[id];
}

/** Whether a value's results are rounded to halves. */
export function isHalf(context: ProgramContext, id: ValueId): boolean {
  return specOf(context, id).dtype === 'f16';
}
