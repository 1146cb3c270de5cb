/** What turning an op into dispatches needs. */
import type { Graph, Tensor, TensorSpec } from '@attn/core';
import type { NodeOf, OpName, PlanCache, ValueId } from '@attn/core/backend';
import type { ElementType, FloatElement, FloatStorage } from '../kernels/wgsl.ts';
import type { Dispatch } from './dispatch.ts';

/** What kernels are chosen by. */
export interface KernelLimits {
  readonly workgroupBytes: number;
  /** Bytes that a binding may have. */
  readonly bindingBytes: number;
  /** Queries of a workgroup of attention, where its shared memory allows. */
  readonly attentionRows: 64 | 32 | 16;
  /** Side of the tiles of products; by their sizes where it is undefined. */
  readonly gemmTile: 64 | 128 | undefined;
  /** Whether kernels reduce by subgroup operations, which takes the feature `subgroups`. */
  readonly subgroups: boolean;
  /** Whether a CPU plays the GPU: it compiles slowly, so that fewer kernels are better than fast ones. */
  readonly isSoftware: boolean;
  /** Whether halves are stored as such, which takes the feature `shader-f16`; as f32 otherwise. */
  readonly hasF16: boolean;
  /** Workgroups on a side of a grid, for tests. Default: as many as any device takes. */
  readonly mostGroups?: number;
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
      /**
       * The dispatches of a run, one object for each plan. `inputs` are the graph's inputs that lie in host
       * memory.
       */
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

/** How a value of floats is stored. */
export function storageOf(context: ProgramContext, id: ValueId): FloatStorage {
  if (specOf(context, id).dtype !== 'f16') return 'f32';
  return context.limits.hasF16 ? 'f16' : 'rounded';
}

/** The elements of a value of floats. */
export function floatElementOf(context: ProgramContext, id: ValueId): FloatElement {
  return storageOf(context, id) === 'f16' ? 'f16' : 'f32';
}

/** The elements of any value, where they are only moved. */
export function elementOf(context: ProgramContext, id: ValueId): ElementType {
  return storageOf(context, id) === 'f16' ? 'f16' : 'u32';
}
