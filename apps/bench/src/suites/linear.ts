/** The dense layer of a transformer: 4,096 × 768 × 3,072, and with a quantised weight. */
import type { JsonObject } from '@attn/core';
import { simdPeak } from '../ceilings.ts';
import { contest } from '../contest/contest.ts';
import type { CodesSpec, Subject } from '../contest/protocol.ts';
import { gflops, ms, share, spread, times } from '../rows.ts';
import type { Suite, SuiteOptions, Table } from '../suite.ts';

interface Problem {
  readonly n: number;
  readonly in: number;
  readonly out: number;
}

export const linearSuite: Suite = {
  name: 'linear',
  describes: 'matrix products',
  async run(options) {
    const problem = { n: options.quick ? 1024 : 4096, in: 768, out: 3072 };
    options.log(`linear: ${problem.n} × 768 × 3072`);
    const tables = [await ofNumbers(problem, options)];
    for (const threads of [1, 2]) {
      options.log(`linear: ${problem.n} × 768 × 3072, quantised weights, threads: ${threads}`);
      tables.push(await ofCodes(problem, threads, options));
    }
    return tables;
  },
};

async function ofNumbers(problem: Problem, options: SuiteOptions): Promise<Table> {
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
  return { title: `linear ${problem.n} × 768 × 3072`, note, rows };
}

/** Quantised weights beside f32. */
const CODES: Readonly<Record<string, CodesSpec | undefined>> = {
  f32: undefined,
  '8 bits, inputs of 12 bits': { bits: 8, inputs: 'int12' },
  '8 bits in blocks of 32, inputs of 12 bits': { bits: 8, block: 32, inputs: 'int12' },
  '4 bits in blocks of 32, inputs of 12 bits': { bits: 4, block: 32, inputs: 'int12' },
  '8 bits': { bits: 8, inputs: 'float' },
  '4 bits in blocks of 32': { bits: 4, block: 32, inputs: 'float' },
};

async function ofCodes(problem: Problem, threads: number, options: SuiteOptions): Promise<Table> {
  const subjects = Object.fromEntries(
    Object.entries(CODES).map(([name, codes]): [string, Subject] => {
      const spec = codes === undefined ? problem : { ...problem, codes };
      return [name, { name, kind: 'linear', options: { backend: 'wasm', threads }, problem: spec }];
    }),
  );
  const results = await contest(subjects, options);
  const rows = Object.entries(results).map(([name, result]) => ({
    who: name,
    ms: ms(result),
    '± ms': spread(result),
    'f32 / this': times(results.f32, result),
  }));
  const note =
    'The weight of the same layer as codes. Target: ≥ 1.7 times as fast as f32 with 8 bits and inputs of 12 bits, ' +
    'and no slower with inputs of f32.';
  return { title: `linear ${problem.n} × 768 × 3072, weights as codes, threads: ${threads}`, note, rows };
}
