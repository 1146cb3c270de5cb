/** Reformer's LSH attention: its cost, which should be that of its chunks, and the parts of that cost. */
import { lsh, onnx, ours } from '../subjects/index.ts';
import { contest, type Result } from '../contest/contest.ts';
import type { Subject, ProblemSpec } from '../contest/protocol.ts';
import { usefulFlops } from '../flops.ts';
import { ms, spread, times } from '../rows.ts';
import type { Suite, SuiteOptions, Table } from '../suite.ts';

type Row = Table['rows'][number];

export const lshSuite: Suite = {
  name: 'lsh',
  describes: "Reformer's LSH attention",
  run: async (options) => [
    await fixedTokens(options),
    await breakEven(options),
    await layer(options),
    await parts(options),
    await long(options),
  ],
};

const BACKENDS = ['wasm', 'onnx'] as const;

/** Heads at 65,536 tokens; shorter sequences have as many tokens in all. */
const HEADS = 2;
const TOKENS = 65_536;

/** Dense attention beyond this is extrapolated. */
const LONGEST_DENSE = 16_384;

async function fixedTokens(options: SuiteOptions): Promise<Table> {
  const list = options.quick ? [1024, 4096] : [1024, 2048, 4096, 8192, 16_384, 32_768, 65_536];
  const rows: Row[] = [];
  for (const backend of BACKENDS) {
    const subjects: Record<string, Subject> = {};
    for (const n of list) {
      options.log(`lsh: ${backend}, ${TOKENS / n} × ${n} tokens`);
      const problem: ProblemSpec = { n, heads: (HEADS * TOKENS) / n, lsh: { rounds: 4, causal: true } };
      subjects[n] = lsh(problem, { backend });
    }
    const results = await contest(subjects, options);
    const fastest = list.reduce((least, n) => Math.min(least, Number(ms(results[n])) || Infinity), Infinity);
    for (const n of list) {
      const own = ms(results[n]);
      rows.push({
        n,
        'batch rows': TOKENS / n,
        who: subjects[n].name,
        ms: own,
        '± ms': spread(results[n]),
        'over the fastest n': typeof own === 'number' ? own / fastest : '',
        'memory beyond in and out, MB': extraMegabytes(results[n], HEADS * TOKENS),
      });
    }
    const dense = await denseTimes(backend, list, options);
    for (const [n, time] of dense) {
      rows.push({
        n,
        'batch rows': TOKENS / n,
        who: `@attn/${backend}, dense, 1 thread`,
        ms: time,
        '± ms': n > LONGEST_DENSE ? 'extrapolated' : '',
        'over the fastest n': '',
        'memory beyond in and out, MB': '',
      });
    }
  }
  return {
    title: 'LSH at a fixed number of tokens',
    note:
      `65,536 tokens in batches of sequences of n, ${HEADS} heads × 64, causal, chunks of 64, 4 rounds; dense attention of the same backend, causal too. ` +
      "Target (Reformer's own figure): LSH varies by less than 1.5×, memory is linear.",
    rows,
  };
}

/**
 * Milliseconds of dense causal attention over equally many tokens;
 * extrapolated ∝ n where it would take too long.
 */
async function denseTimes(
  backend: (typeof BACKENDS)[number],
  list: readonly number[],
  options: SuiteOptions,
): Promise<[number, number | string][]> {
  const problemOf = (n: number): ProblemSpec => {
    return { n, heads: (HEADS * TOKENS) / n, pattern: { type: 'causal' } };
  };
  const measured = list.filter((n) => n <= LONGEST_DENSE);
  const subjects = Object.fromEntries(
    measured.map((n) => [n, backend === 'wasm' ? ours(problemOf(n)) : onnx(problemOf(n), 1)]),
  );
  const results = await contest(subjects, { ...options, rounds: Math.min(2, options.rounds) });
  const last = measured[measured.length - 1];
  const longest = ms(results[last]);
  return list.map((n) => {
    if (n <= LONGEST_DENSE) return [n, ms(results[n])];
    return [n, typeof longest === 'number' ? (longest * n) / last : ''];
  });
}

/** Megabytes beyond the result, which has `rows` rows of 64. */
function extraMegabytes(result: Result, rows: number): number | string {
  return result.failed === undefined ? (result.memory.growth - 4 * rows * 64) / 1e6 : '';
}

async function breakEven(options: SuiteOptions): Promise<Table> {
  const rows: Row[] = [];
  for (const n of options.quick ? [1024, 2048] : [512, 1024, 2048, 4096, 8192]) {
    options.log(`lsh: against dense, n = ${n}`);
    const problem: ProblemSpec = { n, lsh: { rounds: 4 } };
    const subjects: Readonly<Record<string, Subject>> = {
      wasm: lsh(problem, { backend: 'wasm' }),
      'dense wasm': ours({ n }),
      onnx: lsh(problem, { backend: 'onnx' }),
      'dense onnx': onnx({ n }, 1),
    };
    const results = await contest(subjects, options);
    for (const backend of BACKENDS) {
      rows.push({
        n,
        who: subjects[backend].name,
        ms: ms(results[backend]),
        '± ms': spread(results[backend]),
        'dense ms': ms(results[`dense ${backend}`]),
        'faster than dense': times(results[`dense ${backend}`], results[backend]),
      });
    }
  }
  return {
    title: 'LSH against dense attention',
    note: '8 heads × 64, not causal, chunks of 64, 4 rounds, one thread, each backend against itself. Target: as fast at n ≤ 2,048.',
    rows,
  };
}

/** Milliseconds of Hugging Face's layer in PyTorch on a 2-core AVX2 machine, with one thread and with two. */
const PYTORCH: Readonly<Record<number, readonly [number, number]>> = {
  1: [365, 211],
  2: [772, 431],
  4: [1492, 1035],
};

async function layer(options: SuiteOptions): Promise<Table> {
  const rows: Row[] = [];
  for (const rounds of options.quick ? [1] : [1, 2, 4]) {
    options.log(`lsh: the layer, ${rounds} rounds`);
    const problem: ProblemSpec = { n: 4096, heads: 12, lsh: { rounds, part: 'layer' } };
    const entries = BACKENDS.flatMap((backend) =>
      [1, 2].map((threads) => [`${backend} ${threads}`, lsh(problem, { backend, threads })] as const),
    );
    const subjects = Object.fromEntries(entries);
    const results = await contest(subjects, options);
    for (const [key, { name, options: subjectOptions }] of entries) {
      const own = ms(results[key]);
      const theirs = PYTORCH[rounds][subjectOptions.threads === 2 ? 1 : 0];
      rows.push({
        rounds,
        who: name,
        ms: own,
        '± ms': spread(results[key]),
        'PyTorch, ms': theirs,
        faster: typeof own === 'number' ? theirs / own : '',
      });
    }
  }
  return {
    title: "Hugging Face's LSH layer",
    note: '12 heads × 64, n = 4,096, chunks of 64, both projections included. PyTorch was measured elsewhere, on a 2-core AVX2 machine. Target: 4× faster on the best backend.',
    rows,
  };
}

async function parts(options: SuiteOptions): Promise<Table> {
  const n = options.quick ? 4096 : 16_384;
  const rounds = 4;
  options.log(`lsh: its parts, n = ${n}`);
  const problem = (part: 'attention' | 'order'): ProblemSpec => ({ n, lsh: { rounds, part } });
  const dense: ProblemSpec = { n: 2048 };
  const rows: Row[] = [];
  for (const backend of BACKENDS) {
    const results = await contest(
      {
        whole: lsh(problem('attention'), { backend }),
        order: lsh(problem('order'), { backend }),
        dense: backend === 'wasm' ? ours(dense) : onnx(dense, 1),
      },
      options,
    );
    const [whole, order, denseMs] = [results.whole, results.order, results.dense].map(ms);
    if (typeof whole !== 'number' || typeof order !== 'number' || typeof denseMs !== 'number') continue;
    // Each token meets the 64 of its chunk and the 64 before it, in each round.
    const flops = 8 * rounds * n * 128 * 4 * 64;
    const rate = flops / (whole - order);
    rows.push({
      n,
      who: `@attn/${backend}, 1 thread`,
      ms: whole,
      'hashing and sorting, ms': order,
      'share of it': order / whole,
      'attention, GFLOP/s': rate / 1e6,
      'over the dense rate': rate / (usefulFlops(dense) / denseMs),
    });
  }
  return {
    title: 'Where the time of LSH goes',
    note: '8 heads × 64, 4 rounds, chunks of 64, one thread. Targets on WebAssembly: the attention part at ≥ 0.6 of the dense rate (N = 2,048), hashing and sorting ≤ 20 %.',
    rows,
  };
}

async function long(options: SuiteOptions): Promise<Table> {
  const n = options.quick ? 8192 : 65_536;
  options.log(`lsh: n = ${n}, 8 rounds`);
  const problem: ProblemSpec = { n, lsh: { rounds: 8, causal: true } };
  const entries = BACKENDS.flatMap((backend) =>
    [1, 2].map((threads) => [`${backend} ${threads}`, lsh(problem, { backend, threads })] as const),
  );
  const results = await contest(Object.fromEntries(entries), {
    ...options,
    rounds: Math.min(2, options.rounds),
    patience: 600_000,
  });
  return {
    title: 'Long sequences',
    note: `n = ${n.toLocaleString('en-US')}, 8 heads × 64, causal, 8 rounds, chunks of 64.`,
    rows: entries.map(([key, { name }]) => ({
      n,
      who: name,
      ms: ms(results[key]),
      '± ms': spread(results[key]),
      'memory beyond in and out, MB': extraMegabytes(results[key], 8 * n),
    })),
  };
}
