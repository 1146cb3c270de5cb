/**
 * How far a conforming backend may be from the float64 oracle. Within a single op the bound is rigorous: it
 * follows from the numbers, the dtype and the reduction length (see the rule of each op), and nobody has to
 * guess an epsilon.
 */
import type { TensorSpec } from '@attn/core';
import type { NodeOf, OpName } from '@attn/core/backend';
import type { NamedReferences, ReferenceTensor } from '@attn/core/reference';
import { attentionError } from './attention.ts';
import { lshAttentionError } from './lsh-attention.ts';
import { layerNormError, rmsNormError, softmaxError } from './normalisation.ts';
import { pointwiseErrors } from './pointwise.ts';
import { quantizedEmbeddingError, quantizedLinearError } from './quantized.ts';
import { expertLinearError, linearError, matmulError, noError, reduceError } from './products.ts';
import { storedError } from './rounding.ts';
import { rotaryError } from './rotary.ts';
import type { ErrorRule } from './rule.ts';

export type { ErrorRule } from './rule.ts';

/** The rule of each op. */
const RULES: { readonly [K in OpName]: ErrorRule<K> } = {
  attention: attentionError,
  linear: linearError,
  matmul: matmulError,
  ...pointwiseErrors,
  layerNorm: layerNormError,
  softmax: softmaxError,
  reduce: reduceError,
  mask: noError(),
  embedding: noError(),
  gather: noError(),
  reshape: noError(),
  transpose: noError(),
  slice: noError(),
  concat: noError(),
  lshHash: noError(),
  argsort: noError(),
  lshAttention: lshAttentionError,
  rmsNorm: rmsNormError,
  rotary: rotaryError,
  topK: noError(),
  expertLinear: expertLinearError,
  quantizedLinear: quantizedLinearError,
  quantizedEmbedding: quantizedEmbeddingError,
  writeRows: noError(),
};

/** Ops that only move elements: they store the very bits that they read. */
const MOVES: ReadonlySet<OpName> = new Set<OpName>([
  'embedding',
  'gather',
  'reshape',
  'transpose',
  'slice',
  'concat',
  'mask',
  'relu',
  'topK',
  'writeRows',
]);

/** How far off each output element of a node may be, stored in its dtype, when the inputs are exact. */
export function nodeErrors<K extends OpName>(
  { op, attributes }: NodeOf<K>,
  inputs: NamedReferences,
  outputs: readonly ReferenceTensor[],
  specs: readonly TensorSpec[],
): readonly Float64Array[] {
  const rule: ErrorRule<K> = RULES[op];
  const errors = rule(inputs, attributes, outputs);
  if (MOVES.has(op)) return errors;
  return errors.map((error, index) => {
    const { data } = outputs[index];
    return error.map((before, i) => before + storedError(specs[index].dtype, data[i], before));
  });
}
