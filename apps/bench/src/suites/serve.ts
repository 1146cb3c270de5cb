/** A server under load: what clients get, some of which are broken, how soon, and the memory it takes. */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { createAttn } from '@attn/core';
import { loadModel } from '@attn/models/node';
import { wasm } from '@attn/wasm';
import { runClients, type Counts, type Expected } from '../serve/clients.ts';
import { MOST_TOKENS, sentencesOf, writeEncoder } from '../serve/small-encoder.ts';
import type { Suite, SuiteOptions, Table } from '../suite.ts';

const SERVER = fileURLToPath(new URL('../serve/server-process.js', import.meta.url));

export const serveSuite: Suite = {
  name: 'serve',
  describes: 'a server under load: --clients, --seconds',
  async run(options) {
    const folder = await mkdtemp(join(tmpdir(), 'attn-bench-'));
    try {
      await writeEncoder(folder);
      const texts = await expectedVectors(folder);
      const rows: Table['rows'][number][] = [];
      for (const backend of ['wasm', 'onnx']) rows.push(await loadOn(backend, folder, texts, options));
      const note =
        'An encoder of the size of all-MiniLM-L6-v2 without its table of words (6 layers, 384 wide) of random weights, ' +
        `and texts of Moby-Dick of ${MOST_TOKENS} tokens at most, one a request, over kept connections; a process for the server and one for all clients. ` +
        'One client in ten is broken: bad JSON, wrong fields, bodies and headers that are too large or stop, connections that close. ' +
        'Memory is that of the server, its model included, after a third of the time and at the end: pages of its own, and each page of the mapped file once.';
      return [{ title: 'A server under load', note, rows }];
    } finally {
      await rm(folder, { recursive: true, force: true });
    }
  },
};

/** Sentences of Moby-Dick, and their vectors, each computed by itself. */
async function expectedVectors(folder: string): Promise<readonly Expected[]> {
  const texts = sentencesOf(20, 300, 64);
  const attn = await createAttn({ backends: [wasm()] });
  const model = await loadModel(folder, { attn, for: 'encode' });
  const expected: Expected[] = [];
  for (const text of texts) {
    const { embeddings } = await model.encode(text, { normalize: true });
    expected.push({ text, vector: embeddings.data });
  }
  await attn.dispose();
  return expected;
}

async function loadOn(
  backend: string,
  folder: string,
  texts: readonly Expected[],
  { quick, clients = quick ? 50 : 500, seconds = quick ? 5 : 60, log }: SuiteOptions,
): Promise<Table['rows'][number]> {
  log(`serve: ${clients} clients for ${seconds} s on ${backend}`);
  const server = spawn(process.execPath, [SERVER, folder, backend], { stdio: ['ignore', 'pipe', 'inherit'] });
  const counts: Counts = { right: 0, wrong: 0, lost: 0, refused: 0, broken: 0, unexpected: 0, times: [] };
  const exit = once(server, 'exit') as Promise<[number | null]>;
  let [elapsed, early, late] = [0, 0, 0];
  try {
    const [line] = (await once(createInterface(server.stdout), 'line')) as [string];
    const url = new URL(line);
    const start = performance.now();
    const third = sleep((seconds * 1e3) / 3).then(() => memoryOf(server.pid, url));
    await runClients({ url, texts, clients, until: start + seconds * 1e3, counts });
    elapsed = (performance.now() - start) / 1e3;
    [early, late] = [await third, await memoryOf(server.pid, url)];
  } finally {
    server.kill('SIGTERM');
  }
  const [code] = await exit;
  const { times, right, wrong, lost, refused, broken, unexpected } = counts;
  times.sort((a, b) => a - b);
  const at = (share: number): number => times[Math.floor(share * (times.length - 1))] ?? NaN;
  return {
    backend,
    clients,
    'texts/s': right / elapsed,
    'p50, ms': at(0.5),
    'p95, ms': at(0.95),
    right,
    wrong,
    lost,
    refused,
    'broken, refused': broken,
    'broken, not refused': unexpected,
    'memory, MB': early / 1e6,
    'at the end, MB': late / 1e6,
    'exit code': code ?? -1,
  };
}

/**
 * Memory of the server, in bytes: on Linux its proportional share, in which a page of a file that is mapped
 * many times counts once; elsewhere what is resident.
 */
async function memoryOf(pid: number | undefined, url: URL): Promise<number> {
  if (process.platform === 'linux') {
    const text = readFileSync(`/proc/${pid}/smaps_rollup`, 'utf8');
    return Number(/^Pss:\s+(\d+) kB$/m.exec(text)?.[1]) * 1024;
  }
  const text = await (await fetch(new URL('/metrics', url))).text();
  return Number(/^process_resident_memory_bytes (\S+)$/m.exec(text)?.[1]);
}
