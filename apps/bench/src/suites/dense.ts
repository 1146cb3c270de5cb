/** Dense and causal attention beside every peer. */
import { CAUSAL, ours, peer, plain } from '../subjects/index.ts';
import { simdPeak } from '../ceilings.ts';
import { contest, type Result } from '../contest/contest.ts';
import type { Subject, ProblemSpec } from '../contest/protocol.ts';
import { usefulFlops } from '../flops.ts';
import { peers } from '../peers/index.ts';
import { gflops, ms, share, spread, times } from '../rows.ts';
import type { Suite, SuiteOptions, Table } from '../suite.ts';

const LENGTHS = [512, 1024, 2048, 4096];
const QUICK = [512, 1024];

export const denseSuite: Suite = {
  name: 'dense',
  describes: 'dense and causal attention beside peers',
  async run(options) {
    const dense: Table['rows'][number][] = [];
    const causal: Table['rows'][number][] = [];
    for (const n of options.quick ? QUICK : LENGTHS) {
      options.log(`dense: N = ${n}`);
      const results = await compete(n, options);
      const first = results.get('dense ours');
      const firstCausal = results.get('causal ours');
      for (const [key, { subject, result }] of results) {
        if (key.startsWith('dense')) dense.push(row(subject, result, first?.result));
        else
          causal.push({
            ...row(subject, result, firstCausal?.result),
            ...againstDense(key, result, first?.result),
          });
      }
    }
    const note =
      '8 heads × 64, f32, B = 1. Targets: ≥ 0.80 of the SIMD peak on one thread from N = 1,024 on; ≥ 2.2× (dense) and ≥ 4.5× (causal) as fast ' +
      'as onnxruntime-web on one thread; 2 threads ≥ 1.7× as fast as one; causal ≥ 1.8× as fast as dense at N = 2,048. Preparing a peer is not timed.';
    return [
      { title: 'Dense attention', note, rows: dense },
      { title: 'Causal attention', note, rows: causal },
    ];
  },
};

interface Entry {
  readonly subject: Subject;
  readonly result: Result;
}

async function compete(n: number, options: SuiteOptions): Promise<Map<string, Entry>> {
  const subjects: Record<string, Subject> = {};
  const problems: Readonly<Record<string, ProblemSpec>> = { dense: { n }, causal: { n, pattern: CAUSAL } };
  for (const [kind, problem] of Object.entries(problems)) {
    subjects[`${kind} ours`] = ours(problem);
    subjects[`${kind} two`] = ours(problem, { threads: 2 });
    subjects[`${kind} plain SIMD`] = ours(problem, { simd: 'plain' });
    if (n <= 1024) subjects[`${kind} cpu`] = plain(problem);
    for (const name of Object.keys(peers)) {
      // Operators that only the suite of ONNX Runtime measures.
      const isOther = /window|GQA|Attention-23/.test(name);
      const isSlow = name.includes('JavaScript') && n > 512;
      if (!isOther && !isSlow) subjects[`${kind} ${name}`] = peer(name, problem);
    }
  }
  const results = await contest(subjects, options);
  return new Map(Object.entries(subjects).map(([key, subject]) => [key, { subject, result: results[key] }]));
}

function row(subject: Subject, result: Result, first: Result | undefined): Record<string, string | number> {
  const rate = gflops(result, usefulFlops(subject.problem));
  return {
    N: subject.problem.n,
    who: subject.name,
    ms: ms(result),
    '± ms': spread(result),
    'GFLOP/s': rate,
    'share of peak': share(rate, simdPeak()),
    'times ours, 1 thread': first ? times(result, first) : '',
  };
}

/** Time of our dense attention over the time of our causal attention. */
function againstDense(
  key: string,
  result: Result,
  dense: Result | undefined,
): Record<string, string | number> {
  return { 'faster than own dense': key === 'causal ours' && dense ? times(dense, result) : '' };
}
