/** One model with all threads, against a model with one thread for each of several workers. */
import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Worker } from 'node:worker_threads';
import { median } from 'simple-statistics';
import type { EncodeWorkerData } from '../serve/encode-worker.ts';
import { sentencesOf, writeEncoder } from '../serve/small-encoder.ts';
import type { Suite, Table } from '../suite.ts';

const SCRIPT = new URL('../serve/encode-worker.js', import.meta.url);

/** Threads in all, however they are shared out. */
const THREADS = 2;

type Row = Table['rows'][number];

export const workersSuite: Suite = {
  name: 'workers',
  describes: 'encodeMany: one model with two threads, against two workers with one each',
  async run({ rounds, quick, log }) {
    const folder = await mkdtemp(join(tmpdir(), 'attn-bench-'));
    try {
      await writeEncoder(folder);
      const texts = sentencesOf(20, 70, quick ? 16 : 48);
      const rows: Row[] = [];
      for (const backend of ['wasm', 'onnx'] as const) {
        log(`workers: ${backend}`);
        rows.push(...(await compare(backend, folder, texts, quick ? 1 : rounds)));
      }
      const note =
        `${texts.length} texts of Moby-Dick of 20 to 70 characters through encodeMany, ` +
        'with an encoder of the size of all-MiniLM-L6-v2. Rounds alternate; medians. CPU is the time of all threads.';
      return [{ title: 'Threads of one model, or workers', note, rows }];
    } finally {
      await rm(folder, { recursive: true, force: true });
    }
  },
};

/** Workers that share out the threads. */
interface Team {
  readonly workers: readonly Worker[];
  readonly ms: number[];
  readonly cpu: number[];
}

async function compare(
  backend: EncodeWorkerData['backend'],
  folder: string,
  texts: readonly string[],
  rounds: number,
): Promise<readonly Row[]> {
  const teams = [1, THREADS].map((count): Team => {
    const workerData: EncodeWorkerData = { folder, backend, threads: THREADS / count };
    const workers = Array.from({ length: count }, () => new Worker(SCRIPT, { workerData }));
    return { workers, ms: [], cpu: [] };
  });
  try {
    for (const team of teams) await encode(team, texts); // compiles the graphs
    for (let round = 0; round < rounds; round++)
      for (const team of teams) {
        const [start, before] = [performance.now(), process.cpuUsage()];
        await encode(team, texts);
        const { user, system } = process.cpuUsage(before);
        team.ms.push(performance.now() - start);
        team.cpu.push((user + system) / 1e3);
      }
  } finally {
    await Promise.all(teams.flatMap(({ workers }) => workers.map((worker) => worker.terminate())));
  }
  return teams.map(({ workers, ms, cpu }) => ({
    backend,
    workers: workers.length,
    'threads each': THREADS / workers.length,
    'texts/s': (texts.length / median(ms)) * 1e3,
    'CPU of a text, ms': median(cpu) / texts.length,
  }));
}

/** Shares the texts out, one to each worker in turn, and waits for all. */
async function encode({ workers }: Team, texts: readonly string[]): Promise<void> {
  await Promise.all(
    workers.map(async (worker, own) => {
      worker.postMessage(texts.filter((_, i) => i % workers.length === own));
      await once(worker, 'message');
    }),
  );
}
