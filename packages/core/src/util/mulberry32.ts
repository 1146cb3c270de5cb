/** The random generator of patterns and weights: a seed gives equal numbers on every machine, always. */

/**
 * The random generator mulberry32 (Tommy Ettinger, public domain): returns a function that gives the next
 * uniform integer in [0, 2³²). The state starts as `seed` and grows by 0x6D2B79F5; each output is a mix of
 * it.
 */
export function mulberry32(seed: number): () => number {
  let state = seed | 0;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let t = Math.imul(state ^ (state >>> 15), state | 1);
    t = (t + Math.imul(t ^ (t >>> 7), t | 61)) ^ t;
    return (t ^ (t >>> 14)) >>> 0;
  };
}
