/** Small calls: the cost of a call beside its kernel. */
import { ours } from '../subjects/index.ts';
import { contest } from '../contest/contest.ts';
import type { Subject } from '../contest/protocol.ts';
import { usefulFlops } from '../flops.ts';
import { ms } from '../rows.ts';
import type { Suite } from '../suite.ts';

const LENGTHS = [16, 32, 64, 128, 256];
const DENSE = { n: 1024 };

export const latencySuite: Suite = {
  name: 'latency',
  describes: 'small calls',
  async run(options) {
    options.log('latency: N = 16 … 256');
    const subjects: Record<string, Subject> = { dense: ours(DENSE) };
    for (const n of LENGTHS) {
      subjects[`call ${n}`] = ours({ n });
      subjects[`run ${n}`] = { ...ours({ n }), kind: 'executable' };
    }
    const results = await contest(subjects, options);
    const denseMs = ms(results.dense);
    const rows = LENGTHS.map((n) => {
      const [call, run] = [ms(results[`call ${n}`]), ms(results[`run ${n}`])];
      const kernel = typeof denseMs === 'number' ? (denseMs * usefulFlops({ n })) / usefulFlops(DENSE) : NaN;
      const micro = (value: number | string): number | string =>
        typeof value === 'number' ? 1000 * value : value;
      return {
        N: n,
        'attn.attention, µs': micro(call),
        'executable.run, µs': micro(run),
        'kernel at the dense rate, µs': 1000 * kernel,
        'overhead of the call, µs': typeof call === 'number' ? 1000 * (call - kernel) : '',
      };
    });
    return [
      {
        title: 'Small calls',
        note: '8 heads × 64, one thread, warm. Target at N = 64: the whole call takes ≤ 100 µs more than its kernel.',
        rows,
      },
    ];
  },
};
