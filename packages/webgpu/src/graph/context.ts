/** What ops need to become dispatches: the graph, the plans, and the limits that choose kernels. */
import type { Graph, Tensor, TensorSpec } from '@attn/core';
import type { NodeOf, OpName, PlanCache, ValueId } from '@attn/core/backend';
import type { ElementType, FloatElement, FloatStorage } from '../kernels/wgsl.ts';
import type { Dispatch } from './dispatch.ts';

/** Limits and options that decide which kernels run. */
export interface KernelLimits {
  /** Most bytes of shared memory of a workgroup. */
  readonly workgroupBytes: number;
  /** Most bytes of a binding. */
  readonly bindingBytes: number;
  /** Queries of a workgroup of attention, if shared memory suffices. */
  readonly attentionRows: 64 | 32 | 16;
  /** Side of the tiles of products. Undefined: chosen by their sizes. */
  readonly gemmTile: 64 | 128 | undefined;
  /** Whether kernels reduce by subgroup operations, which need the feature `subgroups`. */
  readonly subgroups: boolean;
  /** Whether a CPU emulates the GPU. It compiles slowly, so few kernels are better than fast ones. */
  readonly isSoftware: boolean;
  /**
   * Whether halves are stored as halves, which needs the feature `shader-f16`. Otherwise they are stored as
   * f32.
   */
  readonly hasF16: boolean;
  /** Whether kernels multiply bytes four at a time, by `dot4I8Packed`. */
  readonly hasPackedDot: boolean;
  /** Most workgroups on a side of a grid. Tests lower it. Default: the limit of every device. */
  readonly mostGroups?: number;
}

/** One graph that is being compiled for one device. */
export interface ProgramContext {
  readonly graph: Graph;
  readonly limits: KernelLimits;
  readonly plans: PlanCache;
}

/** The dispatches of a node: the same for every run, or computed from the inputs of each run. */
export type NodeProgram =
  | { readonly kind: 'static'; readonly dispatches: readonly Dispatch[] }
  | {
      readonly kind: 'planned';
      /**
       * The dispatches of a run. Runs with the same plan get the same array. `inputs` are the graph's inputs
       * in host memory.
       */
      dispatches(inputs: Readonly<Record<string, Tensor>>): readonly Dispatch[];
    };

/** A function that turns a node into dispatches. */
export type Emit<K extends OpName> = (context: ProgramContext, node: NodeOf<K>) => NodeProgram;

/** A node program whose dispatches are the same for every run. */
export function always(...dispatches: readonly Dispatch[]): NodeProgram {
  return { kind: 'static', dispatches };
}

/** The dtype and shape of a value. */
export function specOf({ graph }: ProgramContext, id: ValueId): TensorSpec {
  return graph.values[id];
}

/** How a float value is stored. */
export function storageOf(context: ProgramContext, id: ValueId): FloatStorage {
  if (specOf(context, id).dtype !== 'f16') return 'f32';
  return context.limits.hasF16 ? 'f16' : 'rounded';
}

/** The element type of a float value. */
export function floatElementOf(context: ProgramContext, id: ValueId): FloatElement {
  return storageOf(context, id) === 'f16' ? 'f16' : 'f32';
}

/** The element type of any value, for kernels that only move elements. */
export function elementOf(context: ProgramContext, id: ValueId): ElementType {
  return storageOf(context, id) === 'f16' ? 'f16' : 'u32';
}
