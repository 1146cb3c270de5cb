/** How each op is written: one line each. */
import type { OpName } from '@attn/core/backend';
import { lowerAttention } from '../attention/attention.ts';
import { lowerArgsort } from '../lsh/argsort.ts';
import { lowerLshHash } from '../lsh/hash.ts';
import { lowerLshAttention } from '../lsh/lsh-attention.ts';
import { lowerQuantizedEmbedding } from '../quantized/embedding.ts';
import { lowerQuantizedLinear } from '../quantized/linear.ts';
import {
  lowerLayerNorm,
  lowerLinear,
  lowerMatmul,
  lowerReduce,
  lowerRmsNorm,
  lowerSoftmax,
} from './compute.ts';
import type { Lower } from './lower-op.ts';
import {
  lowerConcat,
  lowerEmbedding,
  lowerGather,
  lowerMask,
  lowerReshape,
  lowerSlice,
  lowerTranspose,
  lowerWriteRows,
} from './move.ts';
import { LOWER_BINARY, LOWER_UNARY } from './pointwise.ts';
import { lowerRotary } from './rotary.ts';
import { lowerTopK } from './top-k.ts';
import { lowerExpertLinear } from './expert-linear.ts';

/** By op; an op without a lowering does not compile. */
export const LOWER: { readonly [K in OpName]: Lower<K> } = {
  attention: lowerAttention,
  linear: lowerLinear,
  matmul: lowerMatmul,
  ...LOWER_UNARY,
  ...LOWER_BINARY,
  layerNorm: lowerLayerNorm,
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
  rmsNorm: lowerRmsNorm,
  rotary: lowerRotary,
  topK: lowerTopK,
  expertLinear: lowerExpertLinear,
  quantizedLinear: lowerQuantizedLinear,
  quantizedEmbedding: lowerQuantizedEmbedding,
  writeRows: lowerWriteRows,
};
