/**
 * With `ATTN_DEBUG`, a bias that is a mask in disguise is told about: it is right, but no tile is left out
 * for it.
 */
import { debug, debugLevel } from '../util/debug.ts';
import { halfToNumber } from '../util/float16.ts';
import { isLazy } from '../lazy-tensor.ts';
import type { Tensor } from '../tensor.ts';

/** Nobody means a number below this as a preference. */
const HIDES = -1000;

/** Says what to use instead of a bias that holds nothing but 0 and −∞ or large negative numbers. */
export function debugMaskLikeBias(bias: Tensor | undefined): void {
  if (debugLevel() < 1 || !isMaskLike(bias)) return;
  const perQuery = (bias?.shape.at(-2) ?? 1) > 1;
  const instead = perQuery ? 'a pattern (causal(), segments(), where(…)) or keyMask' : 'keyMask';
  debug(1, () => `attention: this bias only masks; ${instead} does that without computing what is hidden`);
}

function isMaskLike(bias: Tensor | undefined): boolean {
  if (typeof bias !== 'object' || bias === null || isLazy(bias)) return false;
  const { data, dtype } = bias;
  if (!(data instanceof Float32Array) && !(data instanceof Uint16Array)) return false;
  let zeros = 0;
  for (const element of data) {
    const value = dtype === 'f16' ? halfToNumber(element) : element;
    if (value !== 0 && !(value <= HIDES)) return false;
    if (value === 0) zeros += 1;
  }
  return zeros > 0 && zeros < data.length;
}
