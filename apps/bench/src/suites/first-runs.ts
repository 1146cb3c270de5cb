/** What first runs of a compiled call cost beside later ones: memory that is touched for the first time. */
import { execFileSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import type { JsonObject } from '@attn/core';
import { median } from 'simple-statistics';
import type { FirstRuns, FirstRunsOptions, RunCost } from '../first-runs.ts';
import { CAUSAL, windowOf } from '../subjects/index.ts';
import type { SuiteOptions, Table } from '../suite.ts';

const FIRST_RUNS = fileURLToPath(new URL('../first-runs.js', import.meta.url));

/** Runs that make new outputs, and as many that write to the same. */
const RUNS = 5;

const PATTERNS: Readonly<Record<string, JsonObject>> = {
  'window 256+256': windowOf(256),
  causal: CAUSAL,
  dense: { type: 'full' },
};

/** Plain JavaScript takes minutes for causal and dense attention of so many tokens. */
const BACKENDS: Readonly<Record<string, readonly string[]>> = {
  wasm: Object.keys(PATTERNS),
  onnx: Object.keys(PATTERNS),
  cpu: ['window 256+256'],
};

/** The table of first runs. */
export function firstRuns({ rounds, quick, threads = 1, log }: SuiteOptions): Table {
  const n = quick ? 1024 : 4096;
  const rows = Object.entries(BACKENDS).flatMap(([backend, patterns]) =>
    patterns.flatMap((pattern) => {
      log(`start: first runs of @attn/${backend}, ${pattern}`);
      const options = {
        backend: backend === 'cpu' ? { backend } : { backend, threads },
        pattern: PATTERNS[pattern],
        n,
        runs: RUNS,
      };
      return rowsOf(
        { who: `@attn/${backend}`, pattern },
        Array.from({ length: rounds }, () => measure(options)),
      );
    }),
  );
  return {
    title: 'First runs',
    note: `A fresh process: runs of a compiled call, 8 heads × 64, n = ${n}, ${threads} ${threads === 1 ? 'thread' : 'threads'}. CPU is the time of all threads, and "system" the part of it that the kernel of the operating system takes, above all to clear pages. New pages are those of 4 KiB that nobody in the process has touched before; an output has ${(n * 8 * 64 * 4) / 4096}.`,
    rows,
  };
}

function measure(options: FirstRunsOptions): FirstRuns {
  const output = execFileSync(process.execPath, [FIRST_RUNS, JSON.stringify(options)], { encoding: 'utf8' });
  return JSON.parse(output) as FirstRuns;
}

function rowsOf(names: Record<string, string>, samples: readonly FirstRuns[]): Table['rows'] {
  const row = (what: string, pick: (sample: FirstRuns) => RunCost): Table['rows'][number] => {
    const cell = (of: (cost: RunCost) => number): number => median(samples.map((sample) => of(pick(sample))));
    return {
      ...names,
      run: what,
      ms: cell(({ ms }) => ms),
      'CPU ms': cell(({ userMs, systemMs }) => userMs + systemMs),
      'system ms': cell(({ systemMs }) => systemMs),
      'new pages': cell(({ faults }) => faults),
    };
  };
  return [
    row('1st', ({ fresh }) => fresh[0]),
    row('2nd', ({ fresh }) => fresh[1]),
    row(`${RUNS}th`, ({ fresh }) => fresh[RUNS - 1]),
    row('with `outputs`', ({ reused }) => reused[RUNS - 1]),
  ];
}
