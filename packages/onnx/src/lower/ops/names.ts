/**
 * Which ops are lowered, for `supports`, which answers before the lowering is loaded. All ops of core are in
 * this list, or it does not compile; a newer core may have others.
 */
import type { OpName } from '@attn/core/backend';
import { BINARY } from './binary.ts';
import { UNARY } from './unary.ts';

const OTHERS = {
  attention: true,
  linear: true,
  matmul: true,
  layerNorm: true,
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
  rmsNorm: true,
  rotary: true,
  topK: true,
  expertLinear: true,
  quantizedLinear: true,
  quantizedEmbedding: true,
  writeRows: true,
} satisfies Record<Exclude<OpName, keyof typeof UNARY | keyof typeof BINARY>, true>;

/** Whether an op is lowered. */
export function isLowered(op: OpName): boolean {
  return [UNARY, BINARY, OTHERS].some((table) => Object.hasOwn(table, op));
}
