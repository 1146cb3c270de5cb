/**
 * The kernels by op: a new kernel is a file here and a line in this table. `reshape` is a view and needs
 * none.
 */
import { moveKernels, quantizedEmbedding, topK, type CompleteKernelTable } from '@attn/core/backend';
import { attentionKernel } from '../attention/attention.ts';
import type { Engine } from '../engine/engine.ts';
import { lshAttentionKernel } from '../lsh/attention.ts';
import { lshHashKernel } from '../lsh/hash.ts';
import { argsortKernel } from './argsort.ts';
import { embeddingKernel } from './embedding.ts';
import { linearKernel } from './linear.ts';
import { matmulKernel } from './matmul.ts';
import { layerNormKernel, rmsNormKernel, softmaxKernel } from './normalize.ts';
import { binaryKernels, unaryKernels } from './pointwise.ts';
import { reduceKernel } from './reduce.ts';
import type { PlanSource } from '../plan-source.ts';
import type { PackedWeights } from './packed-weights.ts';
import { quantizedLinearKernel } from './quantized-linear.ts';
import { rotaryKernel } from './rotary.ts';
import { expertLinearKernel } from './expert-linear.ts';

/** All kernels of one executable. */
export function kernelTable(engine: Engine, plans: PlanSource, weights: PackedWeights): CompleteKernelTable {
  return {
    ...moveKernels,
    embedding: embeddingKernel(engine, weights),
    ...unaryKernels(engine),
    ...binaryKernels(engine),
    attention: attentionKernel(engine, plans),
    linear: linearKernel(engine, weights),
    matmul: matmulKernel(engine),
    layerNorm: layerNormKernel(engine),
    softmax: softmaxKernel(engine),
    reduce: reduceKernel(engine),
    lshHash: lshHashKernel(engine),
    argsort: argsortKernel(engine),
    lshAttention: lshAttentionKernel(engine),
    rmsNorm: rmsNormKernel(engine),
    rotary: rotaryKernel(engine),
    expertLinear: expertLinearKernel(engine, weights),
    topK,
    quantizedEmbedding,
    quantizedLinear: quantizedLinearKernel(engine, weights),
  };
}
