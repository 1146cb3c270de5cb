/** The most that this machine can do, measured once in a run of the bench, before anything else computes. */
import { measureCeilings, type Ceilings } from '@attn/wasm/ceilings';

let measured: Ceilings | undefined;

/** The most that one thread can do. */
export function ceilings(): Ceilings {
  measured ??= measureCeilings();
  return measured;
}

/** SIMD peak of one thread in 10⁹ operations a second, with fused multiply–add if the engine has it. */
export function simdPeak(): number {
  const { relaxedGflops, simdGflops } = ceilings();
  return relaxedGflops ?? simdGflops;
}
