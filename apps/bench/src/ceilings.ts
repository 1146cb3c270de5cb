/** The machine's own ceilings, measured once per run of the bench, before anything else computes. */
import { measureCeilings, type Ceilings } from '@attn/wasm/ceilings';

let found: Ceilings | undefined;

/** What one thread can do at most. */
export function ceilings(): Ceilings {
  found ??= measureCeilings();
  return found;
}

/**
 * The SIMD peak of one thread, in 10⁹ operations a second: with fused multiply–add where the engine has it.
 */
export function simdPeak(): number {
  const { relaxedGflops, simdGflops } = ceilings();
  return relaxedGflops ?? simdGflops;
}
