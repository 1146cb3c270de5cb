/**
 * Data check of the ops that read by index. An index out of range would read foreign memory in a kernel, so the
 * executor checks it before any kernel of `embedding` or `gather` runs; kernels rely on that and never check again.
 */
import { show } from '../errors.ts';
import type { OpName } from './attributes.ts';
import { fail } from './validate.ts';

/** Throws `INVALID_ARGUMENT` unless every index is an integer in [0, limit). */
export function checkIndices(op: OpName, name: string, indices: ArrayLike<number>, limit: number): void {
  for (let i = 0; i < indices.length; i++) {
    const index = indices[i];
    if (!(index >= 0 && index < limit)) {
      fail('INVALID_ARGUMENT', op, `${name} must be in [0, ${limit}), got ${show(index)} at position ${i}`);
    }
  }
}
