/** A worker: takes documents from the queue, makes their vectors and writes them. */
import { AttnError } from '@attn/core';
import type { Encoder } from '@attn/models/node';
import { storable } from '../document.ts';
import { cutPassages } from '../encode/passages.ts';
import { passageVectors } from '../encode/vectors.ts';
import { readText, type DocumentFormat } from '../read/formats.ts';
import type { MappedText } from '../read/mapped-text.ts';
import type { Database } from '../store/database.ts';
import { isFull, readable } from '../store/failures.ts';
import type { StoreSettings } from '../store/settings.ts';
import type { DocumentQueue } from './queue.ts';
import { writeDocument, writeError } from './write-document.ts';

/** What a worker needs. */
export interface WorkerParts {
  readonly database: Database;
  readonly queue: DocumentQueue;
  readonly model: Encoder;
  readonly settings: StoreSettings;
  readonly backend: string | undefined;
}

interface Row {
  readonly path: string;
  readonly hash: string;
  readonly format: DocumentFormat;
  readonly body: string;
}

interface ReadDocument {
  readonly row: Row;
  readonly mapped: MappedText;
  readonly spans: ReturnType<typeof cutPassages>;
}

/** A worker of this process. */
export class Worker {
  /** Rejects when work cannot go on, such as on a full disk. */
  readonly failure: Promise<never>;
  private readonly parts: WorkerParts;
  private readonly controller = new AbortController();
  private fail: (error: unknown) => void = () => {};

  constructor(parts: WorkerParts) {
    this.parts = parts;
    this.failure = new Promise<never>((_resolve, reject) => void (this.fail = reject));
    this.failure.catch(() => {}); // it may come when nobody waits any more
  }

  /** Begins to work. */
  start(): Promise<void> {
    const { queue, model } = this.parts;
    const handlers = {
      index: (paths: readonly string[]) => this.handle(paths),
      giveUp: (path: string, reason: string | undefined) => this.giveUp(path, reason),
    };
    return queue.startWork(handlers, Math.max(1, model.workers));
  }

  /** Ends the work. What is being encoded is left to others, who begin it again at once. */
  async stop(): Promise<void> {
    this.controller.abort();
    await this.parts.queue.stopWork();
  }

  private async handle(paths: readonly string[]): Promise<ReadonlyMap<string, Error>> {
    const outcomes = new Map<string, Error>();
    try {
      const rows = await this.parts.database.query<Row>(
        `SELECT path, hash, format, body FROM attn_corpus.documents
         WHERE path = ANY($1::text[]) AND indexed IS DISTINCT FROM hash AND error IS NULL`,
        [paths],
      );
      await this.index(rows, outcomes);
    } catch (error) {
      for (const path of paths) outcomes.set(path, asError(error));
    }
    return outcomes;
  }

  /** Indexes documents together; those that fail together, one by one. */
  private async index(rows: readonly Row[], outcomes: Map<string, Error>): Promise<void> {
    if (rows.length === 0) return;
    try {
      await this.write(await Promise.all(rows.map((row) => this.read(row))));
    } catch (error) {
      if (isFull(error) || isFull(asError(error).cause)) this.fail(readable(error));
      if (this.controller.signal.aborted) throw error;
      if (rows.length > 1) {
        for (const row of rows) await this.index([row], outcomes);
      } else if (isFinal(error)) {
        await writeError(this.parts.database, rows[0], error.message);
      } else {
        outcomes.set(rows[0].path, asError(error));
      }
    }
  }

  private async read(row: Row): Promise<ReadDocument> {
    const mapped = await readText(row.body, row.format);
    return { row, mapped, spans: cutPassages(mapped.text, this.parts.settings.passageLength) };
  }

  private async write(documents: readonly ReadDocument[]): Promise<void> {
    const { database, model, backend } = this.parts;
    const { lateChunks, dimensions } = this.parts.settings;
    const { signal } = this.controller;
    const texts = documents.map(({ mapped, spans }) => ({ text: mapped.text, spans }));
    const vectors = await passageVectors(
      model,
      texts.filter(({ spans }) => spans.length > 0),
      { lateChunks, dimensions, backend, signal },
    );
    let next = 0;
    for (const { row, mapped, spans } of documents) {
      const passages = spans.map(([start, end]) => ({
        start: mapped.toSource(start),
        end: mapped.toSource(end, true),
        content: storable(mapped.text.slice(start, end)),
        embedding: vectors[next++],
      }));
      await writeDocument(database, row, passages, mapped.title);
    }
  }

  /** Marks a document whose workers were lost, or failed, each time. */
  private async giveUp(path: string, reason = 'its workers were lost'): Promise<void> {
    await this.parts.database.query(
      `UPDATE attn_corpus.documents SET error = $2
       WHERE path = $1 AND indexed IS DISTINCT FROM hash AND error IS NULL`,
      [path, `given up after many tries: ${reason}`],
    );
  }
}

/** Whether a document fails in the same way each time. */
function isFinal(error: unknown): error is AttnError {
  return error instanceof AttnError && (error.isInputError || error.code === 'UNSUPPORTED');
}

function asError(error: unknown): Error {
  return error instanceof Error ? error : new Error(String(error));
}
