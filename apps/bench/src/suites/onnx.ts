/** The ONNX Runtime backend beside the best hand-made use of ONNX Runtime. */
import type { JsonObject } from '@attn/core';
import { CAUSAL, onnx, peer, windowOf } from '../subjects/index.ts';
import { contest, type Result } from '../contest/contest.ts';
import type { CodesSpec, Subject, ProblemSpec } from '../contest/protocol.ts';
import { usefulFlops } from '../flops.ts';
import { gflops, ms, spread, times } from '../rows.ts';
import type { Suite, SuiteOptions, Table } from '../suite.ts';

export const onnxSuite: Suite = {
  name: 'onnx',
  describes: 'ONNX Runtime: our models beside its own operators',
  run: async (options) => [
    await operators(options),
    await windows(options),
    await variants(options),
    await web(options),
    await overhead(options),
    ...(await codes(options)),
  ],
};

type Row = Table['rows'][number];

const OWN = 'ours';
const threadsOf = (threads: number): string => (threads === 1 ? '1 thread' : `${threads} threads`);

/** Rows of subjects, compared with `ours`. */
function rows(
  subjects: Readonly<Record<string, Subject>>,
  results: Readonly<Record<string, Result>>,
  more: (result: Result, problem: ProblemSpec) => Row,
): Row[] {
  return Object.entries(subjects).map(([key, { name, problem }]) => ({
    n: problem.n,
    who: name,
    ms: ms(results[key]),
    '± ms': spread(results[key]),
    ...more(results[key], problem),
    'times ours': times(results[key], results[OWN]),
  }));
}

/** Dense and causal attention beside the operators of ONNX Runtime. */
async function operators(options: SuiteOptions): Promise<Table> {
  const tableRows: Row[] = [];
  for (const n of options.quick ? [512, 1024] : [512, 1024, 2048, 4096]) {
    for (const threads of [1, 2]) {
      for (const pattern of [undefined, CAUSAL]) {
        options.log(`onnx: ${pattern ? 'causal' : 'dense'}, N = ${n}, ${threadsOf(threads)}`);
        const problem = { n, pattern };
        const operator = (name: string): Subject =>
          peer(`onnxruntime-node ${name}, ${threadsOf(threads)}`, problem);
        const subjects: Readonly<Record<string, Subject>> = {
          [OWN]: onnx(problem, threads),
          mha: operator('MHA'),
          attention: operator('Attention-23'),
          ...(pattern && { gqa: operator('GQA') }),
        };
        const results = await contest(subjects, options);
        tableRows.push(
          ...rows(subjects, results, (result) => ({
            pattern: pattern ? 'causal' : 'dense',
            'GFLOP/s': gflops(result, usefulFlops(problem)),
          })),
        );
      }
    }
  }
  return {
    title: 'ONNX Runtime: dense and causal attention',
    note: "8 heads × 64, f32. Targets: dense ≥ 0.95 of the rate of onnxruntime-node's own MultiHeadAttention; causal ≥ 1.5× as fast as its best operator from N = 2,048 on.",
    rows: tableRows,
  };
}

/** Megabytes beyond inputs and output. */
function extraMegabytes(result: Result, { n }: ProblemSpec): number | string {
  return result.failed === undefined ? (result.memory.growth - 4 * n * 8 * 64) / 1e6 : '';
}

async function windows(options: SuiteOptions): Promise<Table> {
  const tableRows: Row[] = [];
  for (const n of options.quick ? [4096] : [4096, 16_384, 65_536]) {
    for (const threads of [1, 2]) {
      options.log(`onnx: window 256+256, n = ${n}, ${threadsOf(threads)}`);
      const problem = { n, pattern: windowOf(256) };
      const chunked = `onnxruntime-node chunked window`;
      const subjects: Readonly<Record<string, Subject>> = {
        [OWN]: onnx(problem, threads),
        chunks: peer(`${chunked}, ${threadsOf(threads)}`, problem),
        // One graph would take 8.5 GB at 65,536 tokens.
        ...(n <= 16_384 && { graph: peer(`${chunked} in one graph, ${threadsOf(threads)}`, problem) }),
      };
      const results = await contest(subjects, options);
      tableRows.push(
        ...rows(subjects, results, (result) => ({
          'memory beyond in and out, MB': extraMegabytes(result, problem),
        })),
      );
    }
  }
  return {
    title: 'ONNX Runtime: window 256+256',
    note: '8 heads × 64, f32. Targets: as fast as the best hand-made graph; at most 300 MB beyond inputs and output at n = 65,536.',
    rows: tableRows,
  };
}

/** Dilation and global tokens, compared with the plain window. */
async function variants(options: SuiteOptions): Promise<Table> {
  const tableRows: Row[] = [];
  for (const n of options.quick ? [4096] : [16_384, 65_536]) {
    options.log(`onnx: dilation and global tokens, n = ${n}`);
    const indices = Array.from({ length: 64 }, (_, i) => Math.floor(((i + 0.5) * n) / 64));
    const globals: JsonObject = { type: 'or', of: [windowOf(256), { type: 'globalTokens', indices }] };
    const problems: Readonly<Record<string, ProblemSpec>> = {
      'window 256+256': { n, pattern: windowOf(256) },
      'the same, dilation 4': { n, pattern: windowOf(256, 4) },
      'the same, 64 scattered globals': { n, pattern: globals },
    };
    const [bare] = Object.keys(problems);
    const subjects = Object.fromEntries(
      Object.entries(problems).map(([name, problem]) => [name, onnx(problem, 1)]),
    );
    const results = await contest(subjects, options);
    for (const [pattern, problem] of Object.entries(problems)) {
      const flops = usefulFlops(problem) / usefulFlops(problems[bare]);
      const ratio = times(results[pattern], results[bare]);
      tableRows.push({
        n,
        pattern,
        ms: ms(results[pattern]),
        '± ms': spread(results[pattern]),
        'flops over the window': flops,
        'time over the window': ratio,
        'time over flops': typeof ratio === 'number' ? ratio / flops : '',
      });
    }
  }
  return {
    title: 'ONNX Runtime: dilation and global tokens',
    note: 'onnxruntime-node, one thread. Target: time over flops ≤ 1.15.',
    rows: tableRows,
  };
}

/** Our models on the WebAssembly build of ONNX Runtime. */
async function web(options: SuiteOptions): Promise<Table> {
  const tableRows: Row[] = [];
  const n = options.quick ? 1024 : 4096;
  for (const [name, pattern] of Object.entries({ dense: undefined, causal: CAUSAL, window: windowOf(256) })) {
    options.log(`onnx: on onnxruntime-web, ${name}, N = ${n}`);
    const problem = { n, pattern };
    const subjects: Readonly<Record<string, Subject>> = {
      [OWN]: onnx(problem, 1, 'onnx-web'),
      ...(name !== 'window' && {
        mha: peer('onnxruntime-web MHA, 1 thread', problem),
        matmul: peer('onnxruntime-web MatMul–Softmax–MatMul, 1 thread', problem),
      }),
      node: onnx(problem, 1),
    };
    const results = await contest(subjects, options);
    tableRows.push(
      ...rows(subjects, results, (result) => ({
        pattern: name,
        'memory beyond in and out, MB': extraMegabytes(result, problem),
      })),
    );
  }
  return {
    title: 'ONNX Runtime: its WebAssembly provider',
    note: '8 heads × 64, f32, one thread. Target: N = 4,096 × 8 heads works, where its own MultiHeadAttention overflows.',
    rows: tableRows,
  };
}

/** The cost of our run beside that of the session. */
async function overhead(options: SuiteOptions): Promise<Table> {
  options.log('onnx: small calls');
  const tableRows: Row[] = [];
  for (const n of [16, 64, 256]) {
    const call = onnx({ n }, 1);
    const subjects: Readonly<Record<string, Subject>> = {
      'the bare session': { ...call, kind: 'session' },
      'executable.run': { ...call, kind: 'executable' },
      'attn.attention': call,
    };
    const results = await contest(subjects, options);
    const bare = ms(results['the bare session']);
    for (const name of Object.keys(subjects)) {
      const own = ms(results[name]);
      const isTimed = typeof own === 'number' && typeof bare === 'number';
      tableRows.push({
        N: n,
        what: name,
        µs: typeof own === 'number' ? 1000 * own : own,
        'over the bare session, µs': isTimed ? 1000 * (own - bare) : '',
      });
    }
  }
  return {
    title: 'ONNX Runtime: small calls',
    note: 'Dense, 8 heads × 64, one thread, warm. Target at N = 64: ≤ 150 µs over the bare session.',
    rows: tableRows,
  };
}

/** Weights as codes beside f32. */
const CODES: Readonly<Record<string, CodesSpec | undefined>> = {
  f32: undefined,
  '8 bits': { bits: 8, inputs: 'float' },
  '8 bits in blocks of 32': { bits: 8, block: 32, inputs: 'float' },
  '8 bits, inputs of 8 bits': { bits: 8, inputs: 'int8' },
  '8 bits, inputs of 12 bits': { bits: 8, inputs: 'int12' },
  '8 bits in blocks of 32, inputs of 12 bits': { bits: 8, block: 32, inputs: 'int12' },
  '4 bits in blocks of 32': { bits: 4, block: 32, inputs: 'float' },
  '4 bits in blocks of 32, inputs of 12 bits': { bits: 4, block: 32, inputs: 'int12' },
};

/** A dense layer whose weight is codes. */
async function codes(options: SuiteOptions): Promise<Table[]> {
  const tables: Table[] = [];
  for (const backend of ['onnx', 'onnx-web'] as const) {
    const tableRows: Row[] = [];
    const where = backend === 'onnx' ? 'onnxruntime-node' : 'onnxruntime-web';
    for (const n of options.quick ? [64, 1024] : [16, 64, 4096]) {
      options.log(`onnx: weights as codes on ${where}, ${n} rows`);
      const problem = { n, in: 768, out: 3072 };
      const subjects = Object.fromEntries(
        Object.entries(CODES).map(([name, spec]): [string, Subject] => {
          const of = spec === undefined ? problem : { ...problem, codes: spec };
          return [name, { name, kind: 'linear', options: { backend, threads: 1 }, problem: of }];
        }),
      );
      const results = await contest(subjects, options);
      for (const [weight, result] of Object.entries(results)) {
        const faster = times(results.f32, result);
        tableRows.push({ rows: n, weight, ms: ms(result), '± ms': spread(result), 'f32 / this': faster });
      }
    }
    tables.push({
      title: `ONNX Runtime: weights as codes, on ${where}`,
      note: 'rows × 768 × 3,072, one thread. Target: ≥ 1.3 times as fast as f32 in the best form with 8 bits.',
      rows: tableRows,
    });
  }
  return tables;
}
