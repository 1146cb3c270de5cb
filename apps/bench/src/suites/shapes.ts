/** Other head dims, and grouped-query attention. */
import { ours } from '../subjects/index.ts';
import { simdPeak } from '../ceilings.ts';
import { contest } from '../contest/contest.ts';
import type { Subject } from '../contest/protocol.ts';
import { usefulFlops } from '../flops.ts';
import { gflops, ms, share, spread } from '../rows.ts';
import type { Suite } from '../suite.ts';

export const shapesSuite: Suite = {
  name: 'shapes',
  describes: 'head dims and grouped queries',
  async run(options) {
    const n = options.quick ? 512 : 1024;
    options.log(`shapes: N = ${n}`);
    const problems = {
      'D = 32': { n, headDim: 32 },
      'D = 64': { n },
      'D = 128': { n, headDim: 128 },
      'D = 64, 8 query heads on 2': { n, kvHeads: 2 },
    };
    const subjects: Record<string, Subject> = {};
    for (const [name, problem] of Object.entries(problems)) subjects[name] = ours(problem);
    const results = await contest(subjects, options);
    const rows = Object.entries(problems).map(([what, problem]) => {
      const rate = gflops(results[what], usefulFlops(problem));
      return {
        what,
        ms: ms(results[what]),
        '± ms': spread(results[what]),
        'GFLOP/s': rate,
        'share of peak': share(rate, simdPeak()),
      };
    });
    return [{ title: `Shapes, dense, N = ${n}`, note: '8 heads, f32, one thread.', rows }];
  },
};
