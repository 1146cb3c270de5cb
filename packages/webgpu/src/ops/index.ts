/** How each op is done: one line each. */
import type { NodeOf, OpName } from '@attn/core/backend';
import type { Emit, NodeProgram, ProgramContext } from '../graph/context.ts';
import { emitAttention } from './attention.ts';
import {
  emitAdd,
  emitGelu,
  emitLayerNorm,
  emitLinear,
  emitMatmul,
  emitMul,
  emitRelu,
  emitSoftmax,
  emitTanh,
} from './compute.ts';
import { emitLshAttention } from './lsh-attention.ts';
import { emitArgsort, emitLshHash } from './lsh.ts';
import {
  emitConcat,
  emitEmbedding,
  emitGather,
  emitMask,
  emitReshape,
  emitSlice,
  emitTranspose,
} from './movement.ts';
import { emitReduce } from './reduce.ts';

/** By op. */
export const EMIT: { readonly [K in OpName]?: Emit<K> } = {
  attention: emitAttention,
  linear: emitLinear,
  matmul: emitMatmul,
  add: emitAdd,
  mul: emitMul,
  layerNorm: emitLayerNorm,
  gelu: emitGelu,
  relu: emitRelu,
  tanh: emitTanh,
  softmax: emitSoftmax,
  reduce: emitReduce,
  mask: emitMask,
  embedding: emitEmbedding,
  gather: emitGather,
  reshape: emitReshape,
  transpose: emitTranspose,
  slice: emitSlice,
  concat: emitConcat,
  lshHash: emitLshHash,
  argsort: emitArgsort,
  lshAttention: emitLshAttention,
};

/** The dispatches of a node. */
export function emitNode<K extends OpName>(
  context: ProgramContext,
  node: NodeOf<K>,
): NodeProgram | undefined {
  const emit: Emit<K> | undefined = EMIT[node.op];
  return emit?.(context, node);
}
