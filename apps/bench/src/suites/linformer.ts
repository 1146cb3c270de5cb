/**
 * Linformer's Table 3 beside our figures: time and memory that
 * attention to k projected keys saves against dense attention.
 */
import { executable, linformer } from '../subjects/index.ts';
import { contest, type Result } from '../contest/contest.ts';
import type { Subject } from '../contest/protocol.ts';
import type { Suite, SuiteOptions, Table } from '../suite.ts';

/**
 * Wang et al. 2020, Table 3: by n and k, time and memory of dense
 * attention over those of Linformer, on a V100.
 */
const PAPER: Readonly<Record<number, Readonly<Record<number, readonly [time: number, memory: number]>>>> = {
  512: { 128: [1.5, 1.7], 256: [1.3, 1.5] },
  1024: { 128: [1.7, 3.0], 256: [1.6, 2.9], 512: [1.3, 1.8] },
  2048: { 128: [2.6, 6.1], 256: [2.4, 5.6], 512: [2.1, 3.6], 1024: [1.3, 2.0] },
  4096: { 128: [3.4, 14], 256: [3.2, 13], 512: [2.8, 8.3], 1024: [2.2, 4.3], 2048: [1.3, 2.3] },
  8192: { 128: [5.5, 28], 256: [5.0, 26], 512: [4.4, 17], 1024: [3.5, 8.5], 2048: [2.1, 4.5] },
  16384: { 128: [8.6, 56], 256: [7.8, 48], 512: [7.0, 32], 1024: [5.6, 16], 2048: [3.3, 8] },
  32768: { 128: [13, 56], 256: [12, 48], 512: [11, 36], 1024: [8.8, 18], 2048: [5.0, 16] },
  65536: { 128: [20, 60], 256: [18, 52], 512: [16, 40], 1024: [14, 20], 2048: [7.9, 18] },
};

const KS = [128, 256, 512, 1024, 2048];
const QUICK = { 512: [128], 1024: [128, 256] };

/** Dense attention beyond this is extrapolated: its time ∝ n², its memory ∝ n. */
const LONGEST_DENSE = 16_384;

/** Sequences from here on take seconds: a few rounds are enough. */
const LONG = 8192;

const BACKENDS = ['wasm', 'onnx'] as const;

export const linformerSuite: Suite = {
  name: 'linformer',
  describes: "Linformer's Table 3",
  async run(options) {
    const cells: Cell[] = [];
    for (const [n, ks] of sizes(options)) cells.push(...(await measure(n, ks, cells, options)));
    return [timeTable(cells), memoryTable(cells), details(cells)];
  },
};

function sizes({ quick }: SuiteOptions): [n: number, ks: number[]][] {
  if (quick) return Object.entries(QUICK).map(([n, ks]) => [Number(n), ks]);
  return Object.entries(PAPER).map(([n, row]) => [Number(n), Object.keys(row).map(Number)]);
}

/** The result for one n and k. */
interface Cell {
  readonly n: number;
  readonly k: number;
  readonly dense: Best;
  readonly isExtrapolated: boolean;
  readonly own: Best;
}

/** The result of the fastest subject. */
interface Best {
  readonly who: string;
  readonly ms: number;
  /** Greatest memory beyond inputs and output. */
  readonly bytes: number;
  /** Greatest error against float64. */
  readonly error: number;
}

/** Measures all k of one n in one contest, so that dense attention runs between them, and only once. */
async function measure(
  n: number,
  ks: readonly number[],
  earlier: readonly Cell[],
  options: SuiteOptions,
): Promise<Cell[]> {
  options.log(`linformer: n = ${n}, k = ${ks.join(', ')}`);
  const isExtrapolated = n > LONGEST_DENSE;
  const subjects: Record<string, Subject> = {};
  for (const backend of BACKENDS) {
    if (!isExtrapolated) subjects[`dense ${backend}`] = executable({ n }, backend, 1, 'dense, ');
    for (const k of ks) subjects[`${k} ${backend}`] = linformer({ n, k }, { backend });
  }
  const rounds = n >= LONG ? Math.min(3, options.rounds) : options.rounds;
  const results = await contest(subjects, { ...options, rounds, patience: 600_000 });
  const best = (what: string): Best => {
    const keys = BACKENDS.map((backend) => `${what} ${backend}`);
    return fastest(
      keys.map((key) => [subjects[key], results[key]]),
      n,
    );
  };
  const all = isExtrapolated ? extrapolated(n, earlier) : best('dense');
  return ks.map((k) => ({ n, k, dense: all, isExtrapolated, own: best(String(k)) }));
}

function fastest(entries: readonly (readonly [Subject, Result])[], n: number): Best {
  let best: Best = { who: 'none', ms: NaN, bytes: NaN, error: NaN };
  for (const [{ name }, result] of entries) {
    if (result.failed !== undefined || result.timing.median >= best.ms) continue;
    const out = 4 * n * 8 * 64;
    const bytes = Math.max(0, result.memory.growth - out);
    best = { who: name, ms: result.timing.median, bytes, error: result.error };
  }
  return best;
}

/** Extrapolates dense attention from the longest length at which it was measured. */
function extrapolated(n: number, earlier: readonly Cell[]): Best {
  const measured = earlier.filter((cell) => !cell.isExtrapolated);
  const longest = measured.reduce((most, cell) => (cell.n >= most.n ? cell : most));
  const factor = n / longest.n;
  const { ms, bytes } = longest.dense;
  return { ...longest.dense, ms: ms * factor ** 2, bytes: bytes * factor };
}

function timeTable(cells: readonly Cell[]): Table {
  return {
    title: "Linformer's Table 3: time",
    note:
      'How many times as fast as our own fastest dense attention; in brackets the paper (V100). 8 heads × 64, f32, one thread, projections included. ' +
      '~: dense attention extrapolated ∝ n² from the longest length at which it was measured.',
    rows: grid(cells, ({ dense: all, own }) => all.ms / own.ms, 0),
  };
}

function memoryTable(cells: readonly Cell[]): Table {
  return {
    title: "Linformer's Table 3: memory",
    note:
      'How many times less memory beyond inputs, weights and output than our own fastest dense attention, which keeps no n × n scores; in brackets the ' +
      "paper, whose dense attention does. ~: dense attention's extrapolated ∝ n.",
    rows: grid(cells, ({ dense: all, own }) => all.bytes / Math.max(own.bytes, 1), 1),
  };
}

function grid(cells: readonly Cell[], saving: (cell: Cell) => number, index: 0 | 1): Table['rows'] {
  const lengths = [...new Set(cells.map(({ n }) => n))];
  return lengths.map((n) => {
    const row: Record<string, string | number> = { n };
    for (const k of KS) {
      const cell = cells.find((subject) => subject.n === n && subject.k === k);
      const mark = cell?.isExtrapolated ? '~' : '';
      row[`k = ${k}`] =
        cell === undefined ? '' : `${mark}${saving(cell).toPrecision(2)} (${PAPER[n][k][index]})`;
    }
    return row;
  });
}

function details(cells: readonly Cell[]): Table {
  return {
    title: 'Linformer and dense attention, by cell',
    note: 'Medians. Memory: greatest growth of the process during the first run, less the output. Errors against float64, of sampled rows.',
    rows: cells.map(({ n, k, dense: all, own, isExtrapolated }) => ({
      n,
      k,
      who: own.who,
      ms: own.ms,
      'memory, MB': own.bytes / 1e6,
      error: own.error.toExponential(1),
      dense: isExtrapolated ? 'extrapolated' : all.who,
      'dense ms': all.ms,
      'dense memory, MB': all.bytes / 1e6,
    })),
    plot: { x: 'n', y: 'ms', by: 'k', xTitle: 'tokens', beside: { y: 'dense ms', name: 'dense attention' } },
  };
}
