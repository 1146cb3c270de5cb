/** How each op is written: one line each. */
import type { NodeOf, OpName } from '@attn/core/backend';
import { lowerAttention } from '../attention/attention.ts';
import type { LoweringContext } from '../context.ts';
import { lowerArgsort } from '../lsh/argsort.ts';
import { lowerLshHash } from '../lsh/hash.ts';
import { lowerLshAttention } from '../lsh/lsh-attention.ts';
import { lowerGelu, lowerRelu, lowerTanh } from './activate.ts';
import {
  lowerAdd,
  lowerLayerNorm,
  lowerLinear,
  lowerMatmul,
  lowerMul,
  lowerReduce,
  lowerSoftmax,
} from './compute.ts';
import {
  lowerConcat,
  lowerEmbedding,
  lowerGather,
  lowerMask,
  lowerReshape,
  lowerSlice,
  lowerTranspose,
} from './move.ts';
import type { LoweredOp } from './names.ts';

/** Writes the nodes of one op, and says where its outputs stand. */
export type Lower<K extends OpName> = (context: LoweringContext, node: NodeOf<K>) => void;

/** By op. */
export const LOWER: { readonly [K in LoweredOp]: Lower<K> } = {
  attention: lowerAttention,
  linear: lowerLinear,
  matmul: lowerMatmul,
  add: lowerAdd,
  mul: lowerMul,
  layerNorm: lowerLayerNorm,
  gelu: lowerGelu,
  relu: lowerRelu,
  tanh: lowerTanh,
  softmax: lowerSoftmax,
  reduce: lowerReduce,
  mask: lowerMask,
  embedding: lowerEmbedding,
  gather: lowerGather,
  reshape: lowerReshape,
  transpose: lowerTranspose,
  slice: lowerSlice,
  concat: lowerConcat,
  lshHash: lowerLshHash,
  argsort: lowerArgsort,
  lshAttention: lowerLshAttention,
};
