/** Which ops are lowered, for whoever asks before the lowering is loaded; the compiler holds the table of lowerings to it. */
import type { OpName } from '@attn/core/backend';

const LOWERED = {
  attention: true,
  linear: true,
  matmul: true,
  add: true,
  mul: true,
  layerNorm: true,
  gelu: true,
  relu: true,
  tanh: true,
  softmax: true,
  reduce: true,
  mask: true,
  embedding: true,
  gather: true,
  reshape: true,
  transpose: true,
  slice: true,
  concat: true,
  lshHash: true,
  argsort: true,
  lshAttention: true,
};

/** An op of the table. */
export type LoweredOp = keyof typeof LOWERED & OpName;

/** Whether an op is in the table. */
export function isLowered(op: OpName): op is LoweredOp {
  return Object.hasOwn(LOWERED, op);
}
