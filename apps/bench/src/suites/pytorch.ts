/** Causal attention and windows beside PyTorch. The variable `ATTN_PYTHON` names a Python that has torch. */
import { CAUSAL, onnx, ours, peer, windowOf } from '../subjects/index.ts';
import { contest } from '../contest/contest.ts';
import type { Subject } from '../contest/protocol.ts';
import { ms, spread, times } from '../rows.ts';
import type { Suite, SuiteOptions, Table } from '../suite.ts';

/** Lengths of each pattern. */
const PROBLEMS = [
  { pattern: CAUSAL, lengths: [4096, 8192] },
  { pattern: windowOf(256), lengths: [16_384, 65_536] },
];

export const pytorchSuite: Suite = {
  name: 'pytorch',
  describes: 'causal attention and windows beside PyTorch, which ATTN_PYTHON names',
  async run(options) {
    if (process.env.ATTN_PYTHON !== undefined) return [await besidePytorch(options)];
    options.log('pytorch: left out, as ATTN_PYTHON names no Python with torch');
    return [];
  },
};

async function besidePytorch(options: SuiteOptions): Promise<Table> {
  const { threads = 2, quick } = options;
  const of = threads === 1 ? '1 thread' : `${threads} threads`;
  const rows: Table['rows'][number][] = [];
  for (const { pattern, lengths } of PROBLEMS) {
    for (const n of quick ? [2048] : lengths) {
      options.log(`pytorch: ${String(pattern.type)}, n = ${n}`);
      const problem = { n, pattern };
      const subjects: Record<string, Subject> = {
        onnx: onnx(problem, threads),
        wasm: ours(problem, { threads }),
        flex: peer(`PyTorch FlexAttention, compiled, ${of}`, problem),
        ...(pattern === CAUSAL && { sdpa: peer(`PyTorch SDPA, ${of}`, problem) }),
      };
      const results = await contest(subjects, options);
      for (const [key, { name }] of Object.entries(subjects)) {
        rows.push({
          pattern: pattern === CAUSAL ? 'causal' : 'window 256+256',
          n,
          who: name,
          ms: ms(results[key]),
          '± ms': spread(results[key]),
          'onnx is faster by': times(results[key], results.onnx),
          'wasm is faster by': times(results[key], results.wasm),
        });
      }
    }
  }
  return {
    title: 'Beside PyTorch',
    note:
      '8 heads × 64, f32. Targets: causal attention on onnx is no slower than PyTorch; a window is 2.5 times as fast as compiled ' +
      'FlexAttention on onnx, and twice as fast on wasm.',
    rows,
  };
}
