/** The kernels by op: a new kernel is a file here and a line in this table. `reshape` is a view and needs none. */
import { argsort, moveKernels, type KernelTable, type PlanCache } from '@attn/core/backend';
import { attentionKernel } from '../attention/attention.ts';
import { lshAttention } from '../lsh/attention.ts';
import { lshHash } from '../lsh/hash.ts';
import { add, gelu, mul, relu, tanh } from './elementwise.ts';
import { linear } from './linear.ts';
import { matmul } from './matmul.ts';
import { layerNorm, softmax } from './normalize.ts';
import { reduce } from './reduce.ts';

/** All kernels of one backend; attention calls share its store of plans. */
export function kernelTable(plans: PlanCache): KernelTable {
  return {
    ...moveKernels,
    attention: attentionKernel(plans),
    linear,
    matmul,
    add,
    mul,
    layerNorm,
    gelu,
    relu,
    tanh,
    softmax,
    lshHash,
    argsort,
    lshAttention,
    reduce,
  };
}
