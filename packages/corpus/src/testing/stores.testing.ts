/** Stores of tests: in a folder, and on a server where the machine has one. */
import { randomUUID } from 'node:crypto';
import { cp, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { createAttn, type Attn } from '@attn/core';
import { cpu } from '@attn/cpu';
import { loadModel, type Encoder } from '@attn/models/node';
import pg from 'pg';
import { afterAll, beforeAll, inject } from 'vitest';
import { openCorpus, type Corpus, type OpenCorpusOptions } from '../index.ts';
import { openDatabase } from '../store/open-database.ts';

/** A folder of models with the vectors of the originals. */
export const golden = (name: string): string =>
  fileURLToPath(new URL(`../../../models/goldens/${name}`, import.meta.url));

/** A tiny BERT that pools by the mean. */
export const MODEL: string = golden('tasks/st-mean');

/** The URL of the server of tests. */
const SERVER = inject('postgres');

/** Kinds of stores that this machine has. */
export const KINDS: readonly ('folder' | 'server')[] =
  SERVER === undefined ? ['folder'] : ['folder', 'server'];

/** Makes places for stores, which are removed after the tests of the file. */
export function useStores(): {
  readonly newStore: (kind: 'folder' | 'server') => Promise<string>;
  readonly newFolder: () => Promise<string>;
} {
  const undo: (() => Promise<unknown>)[] = [];
  afterAll(async () => {
    for (const step of undo.toReversed()) await step();
  });
  const newFolder = async (): Promise<string> => {
    const folder = await mkdtemp(join(tmpdir(), 'attn-store-'));
    undo.push(() => rm(folder, { recursive: true, force: true }));
    return folder;
  };
  return {
    newFolder,
    async newStore(kind) {
      if (kind === 'folder') {
        const folder = await newFolder();
        await cp(inject('template'), folder, { recursive: true });
        return folder;
      }
      const name = `attn_${randomUUID().replaceAll('-', '')}`;
      await onServer(`CREATE DATABASE ${name}`);
      undo.push(() => onServer(`DROP DATABASE ${name} WITH (FORCE)`));
      const url = new URL(String(SERVER));
      url.pathname = `/${name}`;
      return url.href;
    },
  };
}

/** Runs a statement on the server of tests. */
export async function onServer(sql: string, database?: string): Promise<readonly Record<string, unknown>[]> {
  const client = new pg.Client({ connectionString: database ?? SERVER });
  await client.connect();
  try {
    return (await client.query<Record<string, unknown>>(sql)).rows;
  } finally {
    await client.end();
  }
}

/** Makes all workers of a store on a server count as lost: without a sign of life for an hour. */
export async function loseWorkers(store: string): Promise<void> {
  await onServer(
    `UPDATE attn_jobs.job SET heartbeat_on = heartbeat_on - interval '1 hour' WHERE state = 'active'`,
    store,
  );
}

/** Loads the model of the tests of a file, and opens corpora with it. */
export function useModel(source: string = MODEL): {
  readonly open: (store: string, options?: OpenCorpusOptions) => Promise<Corpus>;
  readonly attn: () => Attn;
  readonly model: () => Encoder;
} {
  let attn: Attn;
  let model: Encoder;
  beforeAll(async () => {
    attn = await createAttn({ backends: [cpu()] });
    model = await loadModel(source, { attn, for: 'encode' });
  });
  afterAll(() => attn.dispose());
  const open = (store: string, options: OpenCorpusOptions = {}): Promise<Corpus> =>
    openCorpus(store, { model, onWarning: () => {}, ...options });
  return { open, attn: () => attn, model: () => model };
}

/** Makes a model fail for texts that have this word. Returns what undoes it. */
export function failFor(
  encoder: Encoder,
  word: string,
  error: Error,
  onCall: () => void = () => {},
): () => void {
  const { encode } = encoder;
  const failing = async (inputs: never, options: never): Promise<unknown> => {
    if (!String(inputs).includes(word)) return encode.call(encoder, inputs, options);
    onCall();
    throw error;
  };
  Object.assign(encoder, { encode: failing });
  return () => Object.assign(encoder, { encode });
}

/** A passage as it stands in the table. */
export interface StoredPassage {
  readonly path: string;
  readonly place: number;
  readonly first: number;
  readonly after: number;
  readonly content: string;
  readonly embedding: readonly number[];
}

/** All that a store holds of its documents: what is equal whoever wrote it. Nobody may have it open. */
export async function tablesOf(store: string): Promise<{
  readonly documents: readonly { readonly path: string; readonly hash: string; readonly indexed: string }[];
  readonly passages: readonly StoredPassage[];
}> {
  const database = await openDatabase(store, { mustExist: true, onWarning: () => {} });
  try {
    const documents = await database.query<{ path: string; hash: string; indexed: string }>(
      'SELECT path, hash, indexed, error, body FROM attn_corpus.documents ORDER BY path',
    );
    const passages = await database.query<Omit<StoredPassage, 'embedding'> & { embedding: string }>(
      `SELECT path, place, first, after, content, embedding::text AS embedding
       FROM attn_corpus.passages ORDER BY path, place`,
    );
    return {
      documents,
      passages: passages.map(({ embedding, ...rest }) => ({ ...rest, embedding: JSON.parse(embedding) })),
    };
  } finally {
    await database.close();
  }
}
