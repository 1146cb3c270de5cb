/**
 * The kernels by op: a new kernel is a file here and a line in this table. `reshape` is a view and needs
 * none.
 */
import {
  argsort,
  moveKernels,
  quantizedEmbedding,
  topK,
  type CompleteKernelTable,
  type PlanCache,
} from '@attn/core/backend';
import { attentionKernel } from '../attention/attention.ts';
import { lshAttention } from '../lsh/attention.ts';
import { lshHash } from '../lsh/hash.ts';
import { linear } from './linear.ts';
import { matmul } from './matmul.ts';
import { layerNorm, rmsNorm, softmax } from './normalize.ts';
import { binaryKernels, unaryKernels } from './pointwise.ts';
import { reduce } from './reduce.ts';
import { rotary } from './rotary.ts';
import { expertLinear } from './expert-linear.ts';
import { quantizedLinear } from './quantized-linear.ts';

/** All kernels of one backend; attention calls share its store of plans. */
export function kernelTable(plans: PlanCache): CompleteKernelTable {
  return {
    ...moveKernels,
    ...unaryKernels,
    ...binaryKernels,
    attention: attentionKernel(plans),
    linear,
    matmul,
    layerNorm,
    softmax,
    lshHash,
    argsort,
    lshAttention,
    reduce,
    rmsNorm,
    rotary,
    topK,
    expertLinear,
    quantizedLinear,
    quantizedEmbedding,
  };
}
