/**
 * The picture of the README: how the times of dense attention and of a window grow with the length, on two
 * backends.
 */
import { availableParallelism } from 'node:os';
import { onnx, ours, windowOf } from '../subjects/index.ts';
import { contest } from '../contest/contest.ts';
import type { Subject, ProblemSpec } from '../contest/protocol.ts';
import { ms, spread } from '../rows.ts';
import type { Suite, Table } from '../suite.ts';

const LENGTHS = [1024, 2048, 4096, 8192, 16_384, 32_768, 65_536];
const QUICK = [1024, 2048];

/** Dense attention of more tokens takes minutes. */
const LONGEST_DENSE = 16_384;

export const growthSuite: Suite = {
  name: 'growth',
  describes: 'time against length, dense and windowed, for the README',
  async run(options) {
    const threads = Math.min(availableParallelism(), 16);
    const rows: Table['rows'][number][] = [];
    for (const n of options.quick ? QUICK : LENGTHS) {
      options.log(`growth: n = ${n}`);
      const subjects = subjectsOf(n, threads);
      const results = await contest(subjects, options);
      for (const [who, result] of Object.entries(results))
        rows.push({ n, who, ms: ms(result), '± ms': spread(result) });
    }
    return [
      {
        title: 'Time against length',
        note: `8 heads × 64, f32, ${threads} threads; a window has 256 keys on each side. Both axes are logarithmic.`,
        rows,
        plot: { x: 'n', y: 'ms', by: 'who', xTitle: 'tokens', yTitle: 'time' },
      },
    ];
  },
};

function subjectsOf(n: number, threads: number): Record<string, Subject> {
  const problems: [string, ProblemSpec][] = [['window, ', { n, pattern: windowOf(256) }]];
  if (n <= LONGEST_DENSE) problems.unshift(['dense, ', { n }]);
  return Object.fromEntries(
    problems.flatMap(([kind, problem]) => [
      [`${kind}@attn/wasm`, ours(problem, { threads })],
      [`${kind}@attn/onnx`, onnx(problem, threads)],
    ]),
  );
}
