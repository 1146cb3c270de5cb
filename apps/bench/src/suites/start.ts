/** Cold start, first runs, and what an application ships. */
import { execFileSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { gzipSync } from 'node:zlib';
import { summarise } from '../measure.ts';
import type { Suite, SuiteOptions, Table } from '../suite.ts';
import { firstRuns } from './first-runs.ts';

const FIRST_CALL = fileURLToPath(new URL('../first-call.js', import.meta.url));
const FIRST_PROBE = fileURLToPath(new URL('../first-probe.js', import.meta.url));
const PAYLOAD = fileURLToPath(new URL('../payload.js', import.meta.url));

export const startSuite: Suite = {
  name: 'start',
  describes: 'cold start, probing, first runs and payload',
  run: async (options) => [coldStart(options), probing(options), firstRuns(options), await payload(options)],
};

function coldStart({ rounds, log }: SuiteOptions): Table {
  log('start: import to first result');
  const samples = Array.from({ length: rounds }, () =>
    Number(execFileSync(process.execPath, [FIRST_CALL], { encoding: 'utf8' })),
  );
  const { median, spread } = summarise(samples);
  return {
    title: 'Cold start',
    note: 'A fresh process: from before the first import of @attn/core and @attn/wasm to the first result, N = 256, 8 heads × 64. Target ≤ 100 ms.',
    rows: [{ what: 'import → first result', ms: median, '± ms': spread }],
  };
}

function probing({ rounds, log }: SuiteOptions): Table {
  log('start: probing');
  const samples = Array.from({ length: rounds }, () => {
    const output = execFileSync(process.execPath, [FIRST_PROBE], { encoding: 'utf8' });
    return JSON.parse(output) as Readonly<Record<'first' | 'second' | 'calibration' | 'backends', number>>;
  });
  const row = (what: string, key: keyof (typeof samples)[number]) => {
    const { median, spread } = summarise(samples.map((sample) => sample[key]));
    return { what, ms: median, '± ms': spread };
  };
  return {
    title: 'Probing',
    note: `A fresh process: createAttn of @attn/auto with ${samples[0].backends} backends, which loads them and looks at the machine. Target ≤ 150 ms without a GPU, and once a process. Calibration comes before the first choice, once on a machine.`,
    rows: [
      row('createAttn, the first time', 'first'),
      row('createAttn, again', 'second'),
      row('calibration', 'calibration'),
    ],
  };
}

async function payload({ log }: SuiteOptions): Promise<Table> {
  log('start: payload');
  const { build } = await import('vite');
  const result = await build({
    configFile: false,
    logLevel: 'error',
    root: fileURLToPath(new URL('..', import.meta.url)),
    build: {
      write: false,
      target: 'es2023',
      minify: true,
      modulePreload: false,
      rolldownOptions: { input: PAYLOAD, preserveEntrySignatures: 'strict' },
    },
    worker: { format: 'es' },
  });
  const outputs = [result].flat().flatMap((bundle) => ('output' in bundle ? bundle.output : []));
  const rows = outputs.map((file) => {
    const content = file.type === 'chunk' ? file.code : file.source;
    return {
      file: file.fileName,
      kB: Buffer.byteLength(content) / 1000,
      'gzipped kB': gzipSync(content).length / 1000,
    };
  });
  const sum = (key: 'kB' | 'gzipped kB'): number => rows.reduce((total, row) => total + row[key], 0);
  return {
    title: 'Payload',
    note: 'What an application of createAttn, wasm and two patterns ships, bundled and minified; workers are files of their own. Target for core + wasm: ≤ 40 kB gzipped.',
    rows: [...rows, { file: 'all', kB: sum('kB'), 'gzipped kB': sum('gzipped kB') }],
  };
}
