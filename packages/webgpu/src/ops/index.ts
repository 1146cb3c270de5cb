/** How each op is done: one line each. */
import type { NodeOf, OpName } from '@attn/core/backend';
import type { Emit, NodeProgram, ProgramContext } from '../graph/context.ts';
import { emitAttention } from './attention.ts';
import { emitLayerNorm, emitLinear, emitMatmul, emitRmsNorm, emitSoftmax } from './compute.ts';
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
  emitWriteRows,
} from './movement.ts';
import { EMIT_BINARY, EMIT_UNARY } from './pointwise.ts';
import { emitQuantizedEmbedding, emitQuantizedLinear } from './quantized.ts';
import { emitReduce } from './reduce.ts';
import { emitRotary } from './rotary.ts';
import { emitTopK } from './top-k.ts';
import { emitExpertLinear } from './expert-linear.ts';

/** How each op becomes dispatches; an op without an entry does not compile. */
export const EMIT: { readonly [K in OpName]: Emit<K> } = {
  attention: emitAttention,
  linear: emitLinear,
  matmul: emitMatmul,
  ...EMIT_UNARY,
  ...EMIT_BINARY,
  layerNorm: emitLayerNorm,
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
  rmsNorm: emitRmsNorm,
  rotary: emitRotary,
  topK: emitTopK,
  expertLinear: emitExpertLinear,
  quantizedLinear: emitQuantizedLinear,
  quantizedEmbedding: emitQuantizedEmbedding,
  writeRows: emitWriteRows,
};

/** The dispatches of a node. */
export function emitNode<K extends OpName>(context: ProgramContext, node: NodeOf<K>): NodeProgram {
  const emit: Emit<K> = EMIT[node.op];
  return emit(context, node);
}
