/** Which ops are lowered, for whoever asks before the lowering is loaded; the compiler holds the table of lowerings to it. */
import type { OpName } from '@attn/core';

type NotLowered = 'lshHash' | 'argsort' | 'lshAttention';

/** An op in the table. */
export type LoweredOp = Exclude<OpName, NotLowered>;

const NOT_LOWERED: Readonly<Record<NotLowered, true>> = { lshHash: true, argsort: true, lshAttention: true };

/** Whether an op is in the table. */
export function isLowered(op: OpName): boolean {
  return !Object.hasOwn(NOT_LOWERED, op);
}
