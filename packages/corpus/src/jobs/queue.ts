/**
 * The queue of documents that wait for their vectors: pg-boss on the tables' own database. A job names a
 * document; what is to be done, the document's row says. So a job that runs twice, or late, does no harm.
 */
import { AttnError } from '@attn/core';
import { PgBoss, type Db, type JobInsert, type JobResult } from 'pg-boss';
import type { Database, Session } from '../store/database.ts';
import { persist } from '../store/failures.ts';

/** The queue of documents. */
const QUEUE = 'documents';

/** Where jobs end whose workers were lost again and again. */
const LOST = 'lost-documents';

/** How often a document is tried again. */
const RETRIES = 8;

/** The most that pg-boss allows: heartbeats tell the lost from the slow. */
const MOST_SECONDS = 86_399;

/** Days after which documents that nobody worked on leave the queue; indexing again puts them back. */
const RETENTION_SECONDS = 60 * 86_400;

/** Documents that a worker takes at once: short ones run as one batch. */
const BATCH = 8;

/** Seconds between looks into an empty queue. */
const PAUSE = 0.5;

/** What a job says. */
interface DocumentJob {
  readonly path: string;
}

/** Options of the queue. */
export interface QueueOptions {
  /** Seconds without a sign of life after which a worker counts as lost. */
  readonly lostAfter: number;
  onWarning(message: string): void;
}

/** What a worker does with documents, by their paths. */
export interface QueueHandlers {
  /** Indexes documents, and returns the errors of those that are to be tried again. */
  index(paths: readonly string[]): Promise<ReadonlyMap<string, Error>>;
  /** Marks a document whose workers were lost, or failed, each time; then with the reason. */
  giveUp(path: string, reason: string | undefined): Promise<void>;
}

/** The queue of a store. */
export class DocumentQueue {
  private readonly boss: PgBoss;

  private constructor(boss: PgBoss) {
    this.boss = boss;
  }

  /** Opens the queue, which is made if it is not there. Errors: `RUN_FAILED`. */
  static async open(database: Database, { lostAfter, onWarning }: QueueOptions): Promise<DocumentQueue> {
    const boss = new PgBoss({
      ...database.bossOptions,
      schema: 'attn_jobs',
      schedule: false,
      registerInstance: false,
      // How soon a lost worker is seen: whoever is open looks this often.
      superviseIntervalSeconds: Math.max(1, Math.floor(lostAfter / 10)),
      monitorIntervalSeconds: Math.max(1, Math.floor(lostAfter / 10)),
      reindex: false,
    });
    boss.on('error', (error) => onWarning(`the queue of the store: ${error.message}`));
    try {
      await persist(() => boss.start());
      const settings = {
        retryLimit: RETRIES,
        heartbeatSeconds: lostAfter,
        expireInSeconds: MOST_SECONDS,
        retentionSeconds: RETENTION_SECONDS,
        deleteAfterSeconds: 60,
      };
      await persist(() => boss.createQueue(LOST, { ...settings, policy: 'standard' }));
      // `short`: a document waits once in the queue, and may wait while an older version is worked on.
      await persist(() => boss.createQueue(QUEUE, { ...settings, policy: 'short', deadLetter: LOST }));
      const queue = new DocumentQueue(boss);
      if (database.kind === 'folder') await queue.retryActive();
      return queue;
    } catch (error) {
      await boss.stop({ graceful: false }).catch(() => {});
      throw error;
    }
  }

  /** Puts documents into the queue, as part of the caller's transaction. */
  async add(session: Session, paths: readonly string[]): Promise<void> {
    if (paths.length === 0) return;
    const jobs: JobInsert<DocumentJob>[] = paths.map((path) => ({ singletonKey: path, data: { path } }));
    await this.boss.insert(QUEUE, jobs, { db: transactionOf(session) });
  }

  /** Gives documents to a worker, until `stopWork`: so many batches of them at one time. */
  async startWork({ index, giveUp }: QueueHandlers, batchesAtOnce: number): Promise<void> {
    const waiting = {
      pollingIntervalSeconds: PAUSE,
      burstWhenBatchFull: true,
      batchSize: BATCH,
      localConcurrency: batchesAtOnce,
    };
    const [ofDocuments, ofLost] = [
      { ...waiting, perJobResults: true },
      { pollingIntervalSeconds: PAUSE, includeMetadata: true },
    ] as const;
    await this.boss.work<DocumentJob, JobResult[], typeof ofDocuments>(QUEUE, ofDocuments, async (jobs) => {
      const errors = await index(jobs.map(({ data }) => data.path));
      return jobs.map(({ id, data }) => {
        const error = errors.get(data.path);
        if (error === undefined) return { id, status: 'completed' };
        return { id, status: 'failed', output: { message: error.message } };
      });
    });
    await this.boss.work<DocumentJob, void, typeof ofLost>(LOST, ofLost, async (jobs) => {
      for (const { data, sourceOutput } of jobs) {
        const { message } = (sourceOutput ?? {}) as { message?: unknown };
        await giveUp(data.path, typeof message === 'string' ? message : undefined);
      }
    });
  }

  /** Takes no more documents. */
  async stopWork(): Promise<void> {
    await Promise.all([this.boss.offWork(QUEUE), this.boss.offWork(LOST)]);
  }

  /** Lets go of the queue; waits for what is worked on. */
  async close(): Promise<void> {
    await this.boss.stop({ graceful: true, timeout: 30_000 });
  }

  /** A folder has one process: what is marked as worked on when it opens was left by one that died. */
  private async retryActive(): Promise<void> {
    const jobs = await this.boss.findJobs<DocumentJob>(QUEUE, { limit: 100_000 });
    const active = jobs.filter(({ state }) => state === 'active').map(({ id }) => id);
    if (active.length > 0) await this.boss.fail(QUEUE, active, { message: 'the process ended' });
  }
}

/** A transaction as pg-boss writes into it. */
function transactionOf(session: Session): Db {
  return {
    async executeSql(text, values) {
      if (values === undefined) {
        throw new AttnError('INTERNAL', 'corpus/queue', 'pg-boss must give values with its statements');
      }
      return { rows: [...(await session.query<never>(text, values))] };
    },
  };
}
