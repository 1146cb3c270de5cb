/** What a store remembers of how its vectors are made, so that another model cannot be mixed in. */
import { AttnError } from '@attn/core';
import type { Database, Session } from './database.ts';
import { codeOf } from './failures.ts';
import { createTables, VERSION } from './schema.ts';

/** What a store was made with. */
export interface StoreSettings {
  /** The model as it was named: a folder, an id of the hub; undefined for one that was loaded already. */
  readonly model?: string;
  /** The revision of the hub that was asked for. */
  readonly revision?: string;
  readonly architecture: string;
  readonly dimensions: number;
  /** Most UTF-16 units of a passage. */
  readonly passageLength: number;
  /** Whether the model sees a whole document and pools its passages, or each passage by itself. */
  readonly lateChunks: boolean;
  /** The text-search configuration of PostgreSQL. */
  readonly language: string;
  /** The vector of a fixed text, by which the same model is known on another machine. */
  readonly sample: readonly number[];
}

/** Least cosine of the sample's vectors by the same model on two backends. */
const SAME = 0.999;

/** The number of an advisory lock: two processes do not make the tables at once. */
const LOCK = 1_635_019_886;

const WHERE = 'corpus/openCorpus';

/** The settings of a store; undefined for a database that has none. Errors: `UNSUPPORTED`, `RUN_FAILED`. */
export async function readSettings(database: Session): Promise<StoreSettings | undefined> {
  const [{ exists }] = await database.query<{ exists: boolean }>(
    "SELECT to_regclass('attn_corpus.settings') IS NOT NULL AS exists",
  );
  if (!exists) return undefined;
  const [row] = await database.query<{ version: number; content: StoreSettings }>(
    'SELECT version, content FROM attn_corpus.settings',
  );
  if (row === undefined || row.version === VERSION) return row?.content;
  const message = `the store must be of version ${VERSION}, got ${row.version}: open it with the release that made it`;
  throw new AttnError('UNSUPPORTED', WHERE, message);
}

/** Makes the tables, unless another process has just made them. Returns what the store remembers. */
export async function createStore(database: Database, settings: StoreSettings): Promise<StoreSettings> {
  return database.transaction(async (session) => {
    await session.query('SELECT pg_advisory_xact_lock($1)', [LOCK]);
    const existing = await readSettings(session);
    if (existing !== undefined) return existing;
    await session.execute('CREATE SCHEMA IF NOT EXISTS attn_corpus');
    await createExtension(session);
    await session.execute(createTables(settings.dimensions, settings.language));
    await session.query('INSERT INTO attn_corpus.settings (version, content) VALUES ($1, $2)', [
      VERSION,
      JSON.stringify(settings),
    ]);
    return settings;
  });
}

async function createExtension(session: Session): Promise<void> {
  try {
    await session.execute('CREATE EXTENSION IF NOT EXISTS vector');
  } catch (error) {
    if (!['58P01', '0A000', '42501'].includes(codeOf(error))) throw error;
    const reason = error instanceof Error ? error.message : String(error);
    const message = `the server needs the extension vector (pgvector 0.8 or later), and does not give it: ${reason}`;
    throw new AttnError('UNSUPPORTED', WHERE, message, { cause: error });
  }
}

/** Refuses a model or options that are not those of the store. Errors: `INVALID_ARGUMENT`. */
export function checkSettings(stored: StoreSettings, own: StoreSettings): void {
  const isSame =
    stored.architecture === own.architecture &&
    stored.dimensions === own.dimensions &&
    cosine(stored.sample, own.sample) >= SAME;
  if (!isSame) {
    const message = `the store holds vectors of ${inWords(stored)}, got ${inWords(own)}: use that model, or another store`;
    throw new AttnError('INVALID_ARGUMENT', WHERE, message);
  }
  for (const name of ['passageLength', 'lateChunks', 'language'] as const) {
    if (stored[name] === own[name]) continue;
    const message = `${name} must be that of the store, ${stored[name]}, got ${own[name]}`;
    throw new AttnError('INVALID_ARGUMENT', WHERE, message);
  }
}

function inWords({ model = 'a loaded model', revision, architecture, dimensions }: StoreSettings): string {
  const name = revision === undefined ? model : `${model} at ${revision}`;
  return `${name} (${architecture}, ${dimensions} dimensions)`;
}

/** The cosine of two vectors of the same length. */
function cosine(a: readonly number[], b: readonly number[]): number {
  let [ab, aa, bb] = [0, 0, 0];
  for (const [i, value] of a.entries()) {
    ab += value * b[i];
    aa += value * value;
    bb += b[i] * b[i];
  }
  return ab / Math.sqrt(aa * bb);
}
