/** Compares this revision with an older one: the same subjects, old and new in turn. */
import { buildBase } from '../base.ts';
import { CAUSAL, ours, windowOf } from '../subjects/index.ts';
import { contest } from '../contest/contest.ts';
import type { Subject } from '../contest/protocol.ts';
import { ms, spread, times } from '../rows.ts';
import type { SuiteOptions, Table } from '../suite.ts';

const SUBJECTS: Readonly<Record<string, Subject>> = {
  'dense, N = 64': ours({ n: 64 }),
  'dense, N = 1,024': ours({ n: 1024 }),
  'dense, N = 2,048, 2 threads': ours({ n: 2048 }, { threads: 2 }),
  'causal, N = 2,048': ours({ n: 2048, pattern: CAUSAL }),
  'window 256+256, n = 4,096': ours({ n: 4096, pattern: windowOf(256) }),
  'window 256+256, n = 16,384': ours({ n: 16_384, pattern: windowOf(256) }),
  'the same, dilation 4': ours({ n: 16_384, pattern: windowOf(256, 4) }),
  'linear 1,024 × 768 × 3,072': {
    name: 'linear',
    kind: 'linear',
    options: { backend: 'wasm', threads: 1 },
    problem: { n: 1024, in: 768, out: 3072 },
  },
};

/** Compares with the revision that `ref` names. */
export async function againstBase(ref: string, options: SuiteOptions): Promise<Table> {
  const base = buildBase(ref, options.log);
  try {
    const rows: Table['rows'][number][] = [];
    for (const [what, subject] of Object.entries(SUBJECTS)) {
      options.log(`base: ${what}`);
      // The two objects are equal and differ only in their identity.
      const old = { ...subject };
      const results = await contest(
        { new: subject, old },
        { ...options, script: (candidate) => (candidate === old ? base.script : undefined) },
      );
      rows.push({
        what,
        'new ms': ms(results.new),
        '± ms': spread(results.new),
        'old ms': ms(results.old),
        'new over old': times(results.new, results.old),
      });
    }
    const note = '8 heads × 64, f32; one thread unless said. Below 1, this revision is the faster one.';
    return { title: `Against ${base.revision}`, note, rows };
  } finally {
    base.remove();
  }
}
