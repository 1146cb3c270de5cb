/** Opens a store with its model. */
import { stat } from 'node:fs/promises';
import { resolve } from 'node:path';
import { AttnError } from '@attn/core';
import { aString, checkArgument, checkOptions, either, throwIfAborted, type Kind } from '@attn/core/backend';
import { Encoder, pipeline, type NodeLoadOptions } from '@attn/models/node';
import { Corpus } from './corpus.ts';
import { poolsPassages, queryVector } from './encode/vectors.ts';
import { DocumentQueue } from './jobs/queue.ts';
import { OPEN_KINDS, type OpenCorpusOptions } from './options.ts';
import type { Database } from './store/database.ts';
import { openDatabase } from './store/open-database.ts';
import { MOST_DIMENSIONS } from './store/schema.ts';
import { checkSettings, createStore, readSettings, type StoreSettings } from './store/settings.ts';

const WHERE = 'corpus/openCorpus';

const DEFAULT_PASSAGE = 1_000;
const DEFAULT_LOST_AFTER = 60;

const aUrl: Kind = { expected: 'a URL', test: (value) => value instanceof URL };

/** By its vector, a store knows its model again. */
const SAMPLE = 'Call me Ishmael. Some years ago I thought I would sail about a little.';

/**
 * Opens a corpus: texts whose passages are found by meaning and by words. The store is a folder, in which
 * PostgreSQL runs embedded in this process (PGlite), or a server of PostgreSQL 15 or later with pgvector 0.8
 * or later, by its URL. It is made if it is not there, and remembers the model and these options.
 *
 * Errors: `INVALID_ARGUMENT` (another model or other options than those of the store), `MISSING_INPUT` (a new
 * store without `model`), `FILE_NOT_FOUND`, `UNSUPPORTED` (a server without pgvector, a store of a later
 * version), `RUN_FAILED` (a server that does not answer, a folder that is open elsewhere), and those of
 * `loadModel`.
 *
 * @example
 * await using corpus = await openCorpus('./store', { model: 'sentence-transformers/all-MiniLM-L6-v2' });
 * await corpus.index([{ path: 'whales', text: 'Call me Ishmael.' }]);
 * const [{ path, passage }] = await corpus.search('Who narrates?');
 */
export async function openCorpus(store: string | URL, options: OpenCorpusOptions = {}): Promise<Corpus> {
  checkArgument(WHERE, 'store', store, either(aString, aUrl));
  const checked = checkOptions(WHERE, options, OPEN_KINDS);
  const { signal, mustExist = false, onWarning = (message) => console.warn(message) } = checked;
  throwIfAborted(signal, WHERE);
  const isNew = checked.model !== undefined && !mustExist;
  const closers: (() => Promise<void>)[] = [];
  const closeAll = async (): Promise<void> => {
    for (let close = closers.pop(); close !== undefined; close = closers.pop()) await close();
  };
  try {
    const database = await openDatabase(store, { mustExist: !isNew, onWarning });
    closers.push(() => database.close());
    const stored = await readSettings(database);
    if (stored === undefined && !isNew) throw noStore(store, mustExist);
    const { model, release } = await openModel(checked, stored);
    closers.push(release);
    throwIfAborted(signal, WHERE);
    const settings = await agree(database, model, checked, stored);
    const { lostAfter = DEFAULT_LOST_AFTER, backend } = checked;
    const queue = await DocumentQueue.open(database, { lostAfter, onWarning });
    closers.push(() => queue.close());
    return new Corpus({ database, queue, model, settings, backend }, closeAll);
  } catch (error) {
    await closeAll();
    throw error;
  }
}

function noStore(store: string | URL, mustExist: boolean): AttnError {
  if (mustExist) return new AttnError('FILE_NOT_FOUND', WHERE, `there is no store in ${placeOf(store)}`);
  return new AttnError('MISSING_INPUT', WHERE, `a new store needs a model: pass model for ${placeOf(store)}`);
}

/** The place of a store as people may see it: without a password. */
function placeOf(store: string | URL): string {
  const place = String(store);
  if (!URL.canParse(place)) return place;
  const url = new URL(place);
  url.password = '';
  return url.href;
}

/** The model of the options, or the one that the store remembers. */
async function openModel(
  { model, load = {} }: OpenCorpusOptions,
  stored: StoreSettings | undefined,
): Promise<{ readonly model: Encoder; readonly release: () => Promise<void> }> {
  const source = model ?? stored?.model;
  if (source === undefined) {
    const message = 'the store was made with a model that was loaded already: pass it as model';
    throw new AttnError('MISSING_INPUT', WHERE, message);
  }
  const remembered: NodeLoadOptions =
    model === undefined && stored?.revision ? { revision: stored.revision } : {};
  const extract = await pipeline('feature-extraction', source, { ...remembered, ...load });
  const { model: loaded } = extract;
  if (loaded instanceof Encoder) return { model: loaded, release: () => extract.dispose() };
  await extract.dispose();
  const message = `the model must make vectors of texts, got ${loaded.network.architecture}`;
  throw new AttnError('UNSUPPORTED', WHERE, message);
}

/** Makes the store, or compares what it remembers with the model and the options. */
async function agree(
  database: Database,
  model: Encoder,
  options: OpenCorpusOptions,
  stored: StoreSettings | undefined,
): Promise<StoreSettings> {
  const { dimensions = stored?.dimensions, backend, signal } = options;
  const sample = await queryVector(model, SAMPLE, { dimensions, backend, signal });
  if (sample.length > MOST_DIMENSIONS) {
    const message = `pgvector takes at most ${MOST_DIMENSIONS} dimensions, got ${sample.length}: pass dimensions`;
    throw new AttnError('UNSUPPORTED', WHERE, message);
  }
  const isLoaded = options.model instanceof Encoder;
  const name = await nameOf(options.model);
  const revision = isLoaded ? undefined : options.load?.revision;
  const own: StoreSettings = {
    ...(name !== undefined && { model: name }),
    ...(revision !== undefined && { revision }),
    architecture: model.network.architecture,
    dimensions: sample.length,
    passageLength: options.passageLength ?? stored?.passageLength ?? DEFAULT_PASSAGE,
    lateChunks: options.lateChunks ?? stored?.lateChunks ?? poolsPassages(model),
    language: options.language ?? stored?.language ?? 'english',
    sample: Array.from(sample),
  };
  const settings = stored ?? (await createStore(database, own));
  checkSettings(settings, own);
  return settings;
}

/** The name by which a store finds its model again; undefined for one that is loaded already. */
async function nameOf(model: OpenCorpusOptions['model']): Promise<string | undefined> {
  if (model instanceof URL) return model.href;
  if (typeof model !== 'string') return undefined;
  const stats = await stat(model).catch(() => undefined);
  return stats?.isDirectory() ? resolve(model) : model;
}
