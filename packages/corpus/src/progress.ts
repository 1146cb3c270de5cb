/** How far a corpus has come, counted in its tables: by all workers on all machines. */
import type { Session } from './store/database.ts';

/** Numbers of documents. */
export interface CorpusStatus {
  /** All documents. */
  readonly documents: number;
  /** Documents whose passages are there. */
  readonly done: number;
  /** Documents that wait, or are worked on. */
  readonly pending: number;
  /** Documents that could not be indexed. */
  readonly failed: number;
}

/** The progress of indexing. */
export interface CorpusProgress extends CorpusStatus {
  /** Documents that this call has compared with the store. */
  readonly compared: number;
  /** Documents a second since the call began, by all workers; undefined before the first. */
  readonly rate?: number;
  /** Milliseconds that the pending documents take at this rate. */
  readonly remainingMs?: number;
}

/** Numbers of documents, and of all their passages. */
export interface CorpusCounts extends CorpusStatus {
  readonly passages: number;
}

/** Counts documents and passages. */
export async function readCounts(session: Session): Promise<CorpusCounts> {
  const [{ passages }] = await session.query<{ passages: number }>(
    'SELECT count(*)::int AS passages FROM attn_corpus.passages',
  );
  return { ...(await readStatus(session)), passages };
}

/** Counts documents. */
export async function readStatus(session: Session): Promise<CorpusStatus> {
  const [status] = await session.query<CorpusStatus>(
    `SELECT count(*)::int AS documents,
       count(*) FILTER (WHERE indexed = hash)::int AS done,
       count(*) FILTER (WHERE indexed IS DISTINCT FROM hash AND error IS NULL)::int AS pending,
       count(*) FILTER (WHERE indexed IS DISTINCT FROM hash AND error IS NOT NULL)::int AS failed
     FROM attn_corpus.documents`,
  );
  return { ...status };
}

/** Measures the rate from when it is made. */
export class RateMeter {
  private readonly start = performance.now();
  private most = 0;

  /** The progress at this status. */
  progress(status: CorpusStatus, compared: number): CorpusProgress {
    // Documents that come in are pending first: what ended is the most pending before less pending now.
    this.most = Math.max(this.most, status.pending);
    const ended = this.most - status.pending;
    const seconds = (performance.now() - this.start) / 1_000;
    if (ended === 0 || seconds === 0) return { ...status, compared };
    const rate = ended / seconds;
    return { ...status, compared, rate, remainingMs: (status.pending / rate) * 1_000 };
  }
}
