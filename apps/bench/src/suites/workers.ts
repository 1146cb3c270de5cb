/** The batches of `encodeMany` on the threads of one backend, and in worker threads. */
import { fork, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { cpSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { median } from 'simple-statistics';
import type { EncodeSample, EncodeSetting } from '../serve/encode-process.ts';
import { sentencesOf, writeEncoder } from '../serve/small-encoder.ts';
import type { Suite, Table } from '../suite.ts';

const SCRIPT = fileURLToPath(new URL('../serve/encode-process.js', import.meta.url));

/** Threads in all, however they are shared out. */
const THREADS = 2;

type Row = Table['rows'][number];

export const workersSuite: Suite = {
  name: 'workers',
  describes: 'encodeMany: two threads of a backend, one worker with both, two workers with one each',
  async run({ rounds, quick, log }) {
    const folder = await mkdtemp(join(tmpdir(), 'attn-bench-'));
    try {
      const model = join(folder, 'model');
      await writeEncoder(model);
      const texts = sentencesOf(20, 300, quick ? 64 : 128);
      const rows: Row[] = [];
      for (const backend of ['wasm', 'onnx'] as const) {
        log(`workers: ${backend}`);
        rows.push(...(await compare(backend, model, texts, quick ? 1 : rounds)));
      }
      const note =
        `${texts.length} texts of Moby-Dick of 20 to 300 characters through encodeMany, ` +
        'with an encoder of the size of all-MiniLM-L6-v2 without its table of words. A process for each row, and rounds ' +
        'alternate; medians. CPU is the time of all threads; memory is that of the process, each page of the mapped file once.';
      return [{ title: 'Threads of one model, or workers', note, rows }];
    } finally {
      await rm(folder, { recursive: true, force: true });
    }
  },
};

/** A process, and what its rounds took. */
interface Subject {
  readonly setting: EncodeSetting;
  readonly child: ChildProcess;
  readonly samples: EncodeSample[];
}

async function compare(
  backend: EncodeSetting['backend'],
  model: string,
  texts: readonly string[],
  rounds: number,
): Promise<readonly Row[]> {
  const subjects = [0, 1, THREADS].map((workers): Subject => {
    // Processes that mapped the same file would have a share of it each.
    const folder = `${model}-${backend}-${workers}`;
    cpSync(model, folder, { recursive: true });
    const setting = { folder, backend, workers, threads: THREADS / Math.max(workers, 1) };
    return { setting, child: fork(SCRIPT, [JSON.stringify(setting)]), samples: [] };
  });
  try {
    for (const { child } of subjects) await encode(child, texts); // compiles the graphs
    for (let round = 0; round < rounds; round++)
      for (const { child, samples } of subjects) samples.push(await encode(child, texts));
  } finally {
    for (const { child } of subjects) child.kill();
  }
  return subjects.map(({ setting: { workers, threads }, samples }) => {
    const middle = (value: (sample: EncodeSample) => number): number => median(samples.map(value));
    return {
      backend,
      workers,
      threads,
      'texts/s': (texts.length / middle(({ ms }) => ms)) * 1e3,
      'CPU of a text, ms': middle(({ cpuMs }) => cpuMs) / texts.length,
      'memory, MB': middle(({ bytes }) => bytes) / 1e6,
      'of it weights in their file, MB': middle(({ mappedBytes }) => mappedBytes) / 1e6,
    };
  });
}

async function encode(child: ChildProcess, texts: readonly string[]): Promise<EncodeSample> {
  child.send(texts);
  const ended = once(child, 'exit').then(([code]: unknown[]) => {
    throw new Error(`a process of the benchmark ended with exit code ${code}`);
  });
  ended.catch(() => {});
  const [sample] = (await Promise.race([once(child, 'message'), ended])) as [EncodeSample];
  return sample;
}
