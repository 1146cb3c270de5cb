/**
 * The meaning of every op, in float64, one line each: what conformance compares with. Applications leave it
 * out.
 */
import type { OpAttributes } from './attributes.ts';
import { argsortReference } from './argsort/reference.ts';
import { attentionReference } from './attention/reference.ts';
import { concatReference } from './concat/reference.ts';
import { embeddingReference } from './embedding/reference.ts';
import { gatherReference } from './gather/reference.ts';
import { layerNormReference } from './layer-norm/reference.ts';
import { linearReference } from './linear/reference.ts';
import { lshAttentionReference } from './lsh-attention/reference.ts';
import { lshHashReference } from './lsh-hash/reference.ts';
import { maskReference } from './mask/reference.ts';
import { matmulReference } from './matmul/reference.ts';
import type { OpReference } from './op.ts';
import type { OpName } from './op-name.ts';
import { pointwiseReferences } from './pointwise/reference.ts';
import { reduceReference } from './reduce/reference.ts';
import { reshapeReference } from './reshape/reference.ts';
import { sliceReference } from './slice/reference.ts';
import { softmaxReference } from './softmax/reference.ts';
import { transposeReference } from './transpose/reference.ts';
import { rmsNormReference } from './rms-norm/reference.ts';
import { rotaryReference } from './rotary/reference.ts';
import { topKReference } from './top-k/reference.ts';
import { quantizedEmbeddingReference } from './quantized-embedding/reference.ts';
import { quantizedLinearReference } from './quantized-linear/reference.ts';
import { expertLinearReference } from './expert-linear/reference.ts';
import { writeRowsReference } from './write-rows/reference.ts';

/** Inputs must have passed the op's `infer`. */
export const references: { readonly [K in OpName]: OpReference<OpAttributes[K]> } = {
  attention: attentionReference,
  linear: linearReference,
  matmul: matmulReference,
  ...pointwiseReferences,
  layerNorm: layerNormReference,
  softmax: softmaxReference,
  reduce: reduceReference,
  mask: maskReference,
  embedding: embeddingReference,
  gather: gatherReference,
  reshape: reshapeReference,
  transpose: transposeReference,
  slice: sliceReference,
  concat: concatReference,
  lshHash: lshHashReference,
  argsort: argsortReference,
  lshAttention: lshAttentionReference,
  rmsNorm: rmsNormReference,
  rotary: rotaryReference,
  topK: topKReference,
  expertLinear: expertLinearReference,
  quantizedLinear: quantizedLinearReference,
  quantizedEmbedding: quantizedEmbeddingReference,
  writeRows: writeRowsReference,
};
