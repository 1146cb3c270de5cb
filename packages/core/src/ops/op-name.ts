/**
 * The names of all ops. The list stands apart from the ops' attributes, so that the files of an op can import
 * it.
 */
import type { PointwiseOp } from './pointwise/table.ts';

/** An op. Inputs, shapes and errors stand in its folder, in `definition.ts`, or `spec.ts` and `infer.ts`. */
export type OpName =
  | PointwiseOp
  | 'attention'
  | 'linear'
  | 'matmul'
  | 'layerNorm'
  | 'softmax'
  | 'reduce'
  | 'mask'
  | 'embedding'
  | 'gather'
  | 'transpose'
  | 'slice'
  | 'concat'
  | 'lshHash'
  | 'argsort'
  | 'lshAttention'
  | 'rmsNorm'
  | 'rotary'
  | 'topK'
  | 'expertLinear'
  | 'quantizedLinear'
  | 'quantizedEmbedding'
  | 'writeRows'
  | ViewOp;

/** Ops whose output is their input in another shape: executors share its memory, so they need no kernel. */
export type ViewOp = 'reshape';

/** Ops that compute or move something: a complete backend has a kernel for each. */
export type ComputedOp = Exclude<OpName, ViewOp>;
