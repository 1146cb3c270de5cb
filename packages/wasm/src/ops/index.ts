/** The kernels by op: a new kernel is a file here and a line in this table. `reshape` is a view and needs none. */
import { moveKernels, type KernelTable } from '@attn/core/backend';
import { attentionKernel } from '../attention/attention.ts';
import type { Engine } from '../engine/engine.ts';
import { lshAttentionKernel } from '../lsh/attention.ts';
import { lshHashKernel } from '../lsh/hash.ts';
import { argsortKernel } from './argsort.ts';
import { activationKernel, combineKernel } from './elementwise.ts';
import { linearKernel } from './linear.ts';
import { matmulKernel } from './matmul.ts';
import { layerNormKernel, softmaxKernel } from './normalize.ts';
import { reduceKernel } from './reduce.ts';
import type { PlanSource } from '../plan-source.ts';
import type { PackedWeights } from './packed-weights.ts';

/** All kernels of one executable. */
export function kernelTable(engine: Engine, plans: PlanSource, weights: PackedWeights): KernelTable {
  return {
    ...moveKernels,
    attention: attentionKernel(engine, plans),
    linear: linearKernel(engine, weights),
    matmul: matmulKernel(engine),
    add: combineKernel(engine),
    mul: combineKernel(engine),
    layerNorm: layerNormKernel(engine),
    gelu: activationKernel(engine),
    relu: activationKernel(engine),
    tanh: activationKernel(engine),
    softmax: softmaxKernel(engine),
    reduce: reduceKernel(engine),
    lshHash: lshHashKernel(engine),
    argsort: argsortKernel(engine),
    lshAttention: lshAttentionKernel(engine),
  };
}
