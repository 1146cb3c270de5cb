/** A corpus: its documents, its workers, its searches. */
import { setTimeout as sleep } from 'node:timers/promises';
import { AttnError } from '@attn/core';
import { checkOptions, throwIfAborted, withCallbacks } from '@attn/core/backend';
import type { CorpusDocument } from './document.ts';
import { queryVector } from './encode/vectors.ts';
import { Enumeration, type IndexCounts } from './index-documents.ts';
import { Worker, type WorkerParts } from './jobs/worker.ts';
import {
  checkDocuments,
  checkIterable,
  checkQuery,
  INDEX_KINDS,
  SEARCH_KINDS,
  WORK_KINDS,
  type IndexOptions,
  type SearchOptions,
  type WorkOptions,
} from './options.ts';
import { RateMeter, readCounts, readStatus, type CorpusCounts, type CorpusProgress } from './progress.ts';
import { searchPassages, type SearchResult } from './search/search.ts';
import type { StoreSettings } from './store/settings.ts';
import { tidy } from './store/tidy.ts';

/** A document that could not be indexed. */
export interface FailedDocument {
  readonly path: string;
  /** What is wrong, in a sentence. */
  readonly error: string;
}

/** The result of `index`. */
export interface IndexReport extends IndexCounts {
  /** Documents of the store that could not be indexed; at most 1,000. */
  readonly failed: readonly FailedDocument[];
  readonly ms: number;
}

/** Time between looks at the tables: short at first, so that a small corpus is done at once. */
const FIRST_LOOK_MS = 50;
const LOOK_MS = 1_000;

const DEFAULT_LIMIT = 10;

/**
 * A corpus that is open. `openCorpus` opens it.
 *
 * @example
 * await using corpus = await openCorpus('./store', { model: 'sentence-transformers/all-MiniLM-L6-v2' });
 * const { added } = await corpus.index(readFiles(['./notes']), { roots: ['./notes'] });
 */
export class Corpus {
  /** What the store remembers of the model and its options. */
  readonly settings: StoreSettings;
  private readonly parts: WorkerParts;
  private readonly release: () => Promise<void>;
  private disposed: Promise<void> | undefined;

  /** For `openCorpus`. */
  constructor(parts: WorkerParts, release: () => Promise<void>) {
    this.parts = parts;
    this.settings = parts.settings;
    this.release = release;
  }

  /**
   * Indexes documents. Those that are new or have changed get their passages again, those of `roots` that are
   * gone are removed, all others are left alone. Unless `work` is false, it also works, together with all
   * other workers of the store, until no document of the store is pending. A call that ends early leaves a
   * store that is whole: the next call goes on.
   *
   * Errors: `INVALID_ARGUMENT`, `ABORTED`, `RUN_FAILED` (no room, a database that does not answer), those of
   * reading documents. A document that cannot be indexed is no error: it is among `failed`.
   *
   * @example
   * const { failed } = await corpus.index([{ path: 'a', text: 'Call me Ishmael.' }]);
   */
  async index(
    documents: Iterable<CorpusDocument> | AsyncIterable<CorpusDocument>,
    options: IndexOptions = {},
  ): Promise<IndexReport> {
    const where = 'corpus/index';
    const { roots = [], work = true, signal, onProgress } = checkOptions(where, options, INDEX_KINDS);
    checkIterable(where, documents);
    this.checkOpen(where);
    throwIfAborted(signal, where);
    const start = performance.now();
    const { database, queue } = this.parts;
    return withCallbacks({ onProgress }, signal, async (callbacks, stop) => {
      const enumeration = await Enumeration.begin(database, queue);
      const compare = async (until = stop): Promise<void> => {
        await enumeration.compare(checkDocuments(where, documents), until);
        throwIfAborted(until, where);
        await enumeration.removeUnseen(roots);
      };
      const countCompared = (): number => enumeration.compared;
      if (work) await this.workUntil(where, { ...callbacks, signal: stop, before: compare, countCompared });
      else await compare();
      const { added, changed, unchanged, removed } = enumeration;
      const failed = await this.failed();
      return { added, changed, unchanged, removed, failed, ms: performance.now() - start };
    });
  }

  /**
   * Works on the documents that `index` puts into the queue, here or on another machine, until the signal is
   * aborted, or with `untilDone` until none is pending. Errors: `INVALID_ARGUMENT`, `RUN_FAILED`.
   *
   * @example
   * await corpus.work({ signal: AbortSignal.timeout(60_000) });
   */
  async work(options: WorkOptions = {}): Promise<void> {
    const where = 'corpus/work';
    const { untilDone = false, signal, onProgress } = checkOptions(where, options, WORK_KINDS);
    this.checkOpen(where);
    await withCallbacks({ onProgress }, signal, async (callbacks, stop) => {
      const running = { ...callbacks, signal: stop, countCompared: () => 0, isEndless: !untilDone };
      await this.workUntil(where, running).catch((error: unknown) => {
        if (!(signal?.aborted && error instanceof AttnError && error.code === 'ABORTED')) throw error;
      });
    });
  }

  /**
   * Finds the passages that fit a query best, by meaning and by words. Errors: `INVALID_ARGUMENT`, `ABORTED`,
   * `RUN_FAILED`, and those of the backends.
   *
   * @example
   * const results = await corpus.search('Who narrates?', { limit: 3, metadata: { year: 1851 } });
   */
  async search(query: string, options: SearchOptions = {}): Promise<readonly SearchResult[]> {
    const where = 'corpus/search';
    checkQuery(where, query);
    const checked = checkOptions(where, options, SEARCH_KINDS);
    this.checkOpen(where);
    const { limit = DEFAULT_LIMIT, mode = 'hybrid', path, metadata, signal } = checked;
    throwIfAborted(signal, where);
    const { model, settings, backend, database } = this.parts;
    const vector = await queryVector(model, query, { dimensions: settings.dimensions, backend, signal });
    throwIfAborted(signal, where);
    return searchPassages(database, settings, { query, vector, limit, mode, path, metadata });
  }

  /** Counts the documents and passages of the store. Errors: `RUN_FAILED`. */
  async status(): Promise<CorpusCounts> {
    this.checkOpen('corpus/status');
    return readCounts(this.parts.database);
  }

  /** The documents that could not be indexed, at most 1,000. Errors: `RUN_FAILED`. */
  async failed(): Promise<readonly FailedDocument[]> {
    this.checkOpen('corpus/failed');
    return this.parts.database.query<FailedDocument>(
      `SELECT path, error FROM attn_corpus.documents
       WHERE indexed IS DISTINCT FROM hash AND error IS NOT NULL ORDER BY path LIMIT 1000`,
    );
  }

  /** Ends the work of this process, and lets go of the store and of a model that was loaded for it. */
  dispose(): Promise<void> {
    this.disposed ??= this.release();
    return this.disposed;
  }

  /** Calls `dispose()`; `await using` calls it. */
  [Symbol.asyncDispose](): Promise<void> {
    return this.dispose();
  }

  private checkOpen(where: string): void {
    if (this.disposed !== undefined) throw new AttnError('DISPOSED', where, 'the corpus has been disposed');
  }

  /** Works until `before` is over and no document is pending; then tidies the database. */
  private async workUntil(
    where: string,
    { signal, onProgress, before, countCompared, isEndless = false }: Running,
  ): Promise<void> {
    throwIfAborted(signal, where);
    const worker = new Worker(this.parts);
    await worker.start();
    const comparing = new AbortController();
    const all = signal === undefined ? comparing.signal : AbortSignal.any([signal, comparing.signal]);
    let isCompared = before === undefined;
    const compared = before?.(all).then(() => void (isCompared = true));
    const failures = [worker.failure, ...(compared === undefined ? [] : [failureOf(compared)])];
    try {
      const meter = new RateMeter();
      for (let look = FIRST_LOOK_MS; ; look = Math.min(2 * look, LOOK_MS)) {
        throwIfAborted(signal, where);
        const wasCompared = isCompared;
        const status = await readStatus(this.parts.database);
        onProgress?.(meter.progress(status, countCompared()));
        if (wasCompared && status.pending === 0 && !isEndless) break;
        await Promise.race([sleep(look, undefined, { signal }).catch(() => {}), ...failures]);
      }
    } finally {
      comparing.abort();
      await compared?.catch(() => {}); // its error ended the loop
      await worker.stop();
    }
    await tidy(this.parts.database);
  }
}

/** How `workUntil` runs. */
interface Running {
  readonly signal: AbortSignal | undefined;
  readonly onProgress?: ((progress: CorpusProgress) => void) | undefined;
  readonly before?: (signal: AbortSignal) => Promise<void>;
  readonly countCompared: () => number;
  readonly isEndless?: boolean;
}

/** Rejects with a promise, and never resolves. */
function failureOf(promise: Promise<void>): Promise<never> {
  const failure = new Promise<never>((_resolve, reject) => void promise.catch(reject));
  failure.catch(() => {}); // it may come when nobody waits any more
  return failure;
}
