/** The most that this machine can do. */
import { ceilings } from '../ceilings.ts';
import type { Suite } from '../suite.ts';

export const ceilingsSuite: Suite = {
  name: 'ceilings',
  describes: "the machine's own ceilings",
  async run() {
    const { scalarGflops, simdGflops, relaxedGflops } = ceilings();
    const rows = [
      { what: 'JavaScript, scalar', 'GFLOP/s': scalarGflops },
      { what: 'WebAssembly SIMD, multiply and add', 'GFLOP/s': simdGflops },
      { what: 'WebAssembly SIMD, fused multiply–add', 'GFLOP/s': relaxedGflops ?? 'not in this engine' },
    ];
    const note =
      'Multiply–adds on registers alone, one thread. "Share of peak" elsewhere is of the last of these that there is.';
    return [{ title: 'Ceilings', note, rows }];
  },
};
