/** Sliding windows: that the cost follows the pattern. */
import type { JsonObject } from '@attn/core';
import { ours, peer, windowOf } from '../subjects/index.ts';
import { contest, type Result } from '../contest/contest.ts';
import type { Subject, ProblemSpec } from '../contest/protocol.ts';
import { usefulFlops } from '../flops.ts';
import { ms, spread, times } from '../rows.ts';
import type { Suite, SuiteOptions, Table } from '../suite.ts';

const WINDOWS = [64, 256, 512];
const LENGTHS = [4096, 8192, 16_384, 32_768, 65_536];
const QUICK = [4096, 8192];

/** The best window that can be made of ONNX Runtime's operators by hand. */
const CHUNKED = 'onnxruntime-node chunked window, 1 thread';

/** What the dense rate is measured at. */
const DENSE: ProblemSpec = { n: 2048 };

export const windowSuite: Suite = {
  name: 'window',
  describes: 'sliding windows, dilation, global tokens',
  async run(options) {
    const tables: Table[] = [];
    for (const size of options.quick ? [256] : WINDOWS) tables.push(await lengths(size, options));
    tables.push(await variants(options));
    return tables;
  },
};

async function lengths(size: number, options: SuiteOptions): Promise<Table> {
  options.log(`window: ${size}+${size}`);
  const list = options.quick ? QUICK : LENGTHS;
  const subjects: Record<string, Subject> = { dense: ours(DENSE) };
  for (const n of list) {
    const problem = { n, pattern: windowOf(size) };
    subjects[n] = ours(problem);
    subjects[`${n} two`] = ours(problem, { threads: 2 });
    if (size === 256 && n <= 16_384) subjects[`${n} chunked`] = peer(CHUNKED, problem);
  }
  const results = await contest(subjects, options);
  const rows = list.flatMap((n, index) => {
    const problem = { n, pattern: windowOf(size) };
    const own = results[n];
    const others = Object.keys(subjects).filter((key) => key.startsWith(`${n} `));
    const mine = {
      n,
      who: subjects[n].name,
      ms: ms(own),
      '± ms': spread(own),
      'over ideal at the dense rate': overIdeal(own, problem, results.dense),
      'over n / 2': index === 0 ? '' : times(own, results[list[index - 1]]),
      'times ours': 1,
      'memory beyond in and out, MB': extraMegabytes(own, problem),
    };
    const rest = others.map((key) => ({
      n,
      who: subjects[key].name,
      ms: ms(results[key]),
      '± ms': spread(results[key]),
      'over ideal at the dense rate': '',
      'over n / 2': '',
      'times ours': times(results[key], own),
      'memory beyond in and out, MB': extraMegabytes(results[key], problem),
    }));
    return [mine, ...rest];
  });
  const oneHead = (4 * 64 * 4 * list[list.length - 1]) / 1e6;
  return {
    title: `Window ${size}+${size}`,
    note:
      `8 heads × 64, f32. "Over ideal" is the time over that of dense N = ${DENSE.n} in the same round, times the share of its pairs ` +
      `that the window allows (target ≤ 1.20 for 256+256); "over n / 2" should be ≤ 2.1. Memory: greatest growth of the process during ` +
      `the first call, less the output; the target at the last n is q, k, v and out of one head per thread plus 2 MB: ${(oneHead + 2).toFixed(0)} MB for one thread.`,
    rows,
  };
}

/** Time over what the allowed pairs would take at the dense rate. */
function overIdeal(result: Result, problem: ProblemSpec, dense: Result): number | string {
  const ratio = times(result, dense);
  return typeof ratio === 'number' ? (ratio * usefulFlops(DENSE)) / usefulFlops(problem) : '';
}

function extraMegabytes(result: Result, { n, heads = 8, headDim = 64 }: ProblemSpec): number | string {
  return result.failed === undefined ? (result.memory.growth - 4 * n * heads * headDim) / 1e6 : '';
}

/** Dilation, and global tokens, against the bare window. */
async function variants(options: SuiteOptions): Promise<Table> {
  const rows: Table['rows'][number][] = [];
  for (const n of options.quick ? [4096] : [16_384, 65_536]) {
    options.log(`window: dilation and global tokens, n = ${n}`);
    const indices = Array.from({ length: 64 }, (_, i) => Math.floor(((i + 0.5) * n) / 64));
    const globals: JsonObject = { type: 'globalTokens', indices };
    const patterns = {
      window: windowOf(256),
      dilated: windowOf(256, 4),
      globals: { type: 'or', of: [windowOf(256), globals] },
    };
    const problems = {
      window: { n, pattern: patterns.window },
      dilated: { n, pattern: patterns.dilated },
      globals: { n, pattern: patterns.globals },
    };
    const results = await contest(
      { window: ours(problems.window), dilated: ours(problems.dilated), globals: ours(problems.globals) },
      options,
    );
    const flops = (name: keyof typeof problems): number =>
      usefulFlops(problems[name]) / usefulFlops(problems.window);
    const added = (name: keyof typeof problems): number | string => {
      const ratio = times(results[name], results.window);
      return typeof ratio === 'number' && flops(name) > 1.001 ? (ratio - 1) / (flops(name) - 1) : '';
    };
    for (const name of ['window', 'dilated', 'globals'] as const) {
      rows.push({
        n,
        pattern: {
          window: 'window 256+256',
          dilated: 'the same, dilation 4',
          globals: 'the same, 64 scattered globals',
        }[name],
        ms: ms(results[name]),
        '± ms': spread(results[name]),
        'over the window': times(results[name], results.window),
        'flops over the window': flops(name),
        'added time over added flops': added(name),
      });
    }
  }
  return {
    title: 'Dilation and global tokens',
    note: 'One thread. Targets: dilation 4 ≤ 1.05× the window; 64 global tokens add ≤ 1.25× of what their flops add.',
    rows,
  };
}
