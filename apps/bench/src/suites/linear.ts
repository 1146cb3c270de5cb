/** The dense layer of a transformer: 4,096 × 768 × 3,072. */
import type { JsonObject } from '@attn/core';
import { simdPeak } from '../ceilings.ts';
import { contest } from '../contest/contest.ts';
import type { Subject } from '../contest/protocol.ts';
import { gflops, ms, share, spread } from '../rows.ts';
import type { Suite } from '../suite.ts';

export const linearSuite: Suite = {
  name: 'linear',
  describes: 'matrix products',
  async run(options) {
    const problem = { n: options.quick ? 1024 : 4096, in: 768, out: 3072 };
    options.log(`linear: ${problem.n} × 768 × 3072`);
    const subject = (name: string, more: JsonObject): Subject => {
      return { name, kind: 'linear', options: { backend: 'wasm', ...more }, problem };
    };
    const subjects = {
      single: subject('1 thread', { threads: 1 }),
      double: subject('2 threads', { threads: 2 }),
      plain: subject('1 thread, plain SIMD', { threads: 1, simd: 'plain' }),
    };
    const results = await contest(subjects, options);
    const flops = 2 * problem.n * problem.in * problem.out;
    const rows = (['single', 'double', 'plain'] as const).map((name) => {
      const rate = gflops(results[name], flops);
      return {
        who: `@attn/wasm, ${subjects[name].name}`,
        ms: ms(results[name]),
        '± ms': spread(results[name]),
        'GFLOP/s': rate,
        "share of one thread's peak": share(rate, simdPeak()),
      };
    });
    const note =
      'x · Wᵀ + b, weights packed once at the first run. Target: ≥ 0.80 of the SIMD peak on one thread.';
    return [{ title: `linear ${problem.n} × 768 × 3072`, note, rows }];
  },
};
