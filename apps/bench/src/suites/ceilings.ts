/** The most that this machine can do. */
import { ceilings } from '../ceilings.ts';
import { MemoryReader, PLACES, type Places } from '../generate/memory-reader.ts';
import type { Suite } from '../suite.ts';

/** Samples of the bandwidth; the best counts. */
const SAMPLES = 30;

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
    const bandwidths = [];
    for (const threads of [1, 2]) {
      for (const places of PLACES)
        bandwidths.push({ threads, places, 'GB/s': (await bandwidth(threads, places)) / 1e9 });
    }
    const reading =
      'Memory beyond the caches, read by 16 bytes in WebAssembly, in one place or in several at the same time. Steps of `generate` are compared with it.';
    return [
      { title: 'Ceilings', note, rows },
      { title: 'Bandwidth', note: reading, rows: bandwidths },
    ];
  },
};

/** The most bytes a second that threads read. */
async function bandwidth(threads: number, places: Places): Promise<number> {
  await using reader = new MemoryReader(threads);
  await reader.start();
  return Math.max(...Array.from({ length: SAMPLES }, () => reader.measure(places)));
}
