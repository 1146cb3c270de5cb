/**
 * The worker threads of a model. Batches wait here, not in a worker, so that a worker that dies takes one
 * batch with it; another worker gets that once more.
 */
import { AttnError, type ExactActivationForm, type Progress } from '@attn/core';
import { throwIfAborted, untilAborted } from '@attn/core/backend';
import type { BatchRequest, BatchResult, WorkerStart } from './messages.ts';
import { WorkerThread, type Job } from './worker-thread.ts';

const WHERE = 'models/workers';

/** How a batch is run. */
export interface JobOptions {
  readonly signal: AbortSignal | undefined;
  readonly onProgress: ((progress: Progress) => void) | undefined;
}

export class WorkerPool {
  /** Most threads at one time. */
  readonly count: number;
  private readonly start: WorkerStart;
  private readonly threads = new Set<WorkerThread>();
  private readonly waiting: Job[] = [];

  constructor(start: WorkerStart, count: number) {
    this.start = start;
    this.count = count;
  }

  /**
   * Starts all threads, and waits until they have the model. Returns how the backend reads inputs fastest.
   * Errors: those of loading; `WORKER_DIED`; `ABORTED`.
   */
  async open(signal: AbortSignal | undefined): Promise<ExactActivationForm> {
    throwIfAborted(signal, WHERE);
    try {
      while (this.threads.size < this.count) this.add();
      const all = Promise.all(Array.from(this.threads, ({ ready }) => ready));
      const [fastestInputs] = await untilAborted(all, signal, WHERE);
      return fastestInputs;
    } catch (error) {
      await this.end();
      throw error;
    }
  }

  /** Runs a batch on the first thread that is free. Errors: those of the run; `WORKER_DIED`; `ABORTED`. */
  async run(request: BatchRequest, { signal, onProgress = () => {} }: JobOptions): Promise<BatchResult> {
    throwIfAborted(signal, WHERE);
    let job: Job | undefined;
    const result = new Promise<BatchResult>((resolve, reject) => {
      job = { request, losses: 0, resolve, reject, onProgress };
      this.waiting.push(job);
    });
    result.catch(() => {}); // of an aborted batch, nobody waits for it
    const abort = (): void => this.abort(job);
    signal?.addEventListener('abort', abort, { once: true });
    try {
      this.share();
      return await untilAborted(result, signal, WHERE);
    } finally {
      signal?.removeEventListener('abort', abort);
    }
  }

  /** Ends all threads, with what they run. A later run starts threads anew. */
  async end(): Promise<void> {
    const error = new AttnError('DISPOSED', WHERE, 'the model has been disposed');
    this.refuse(error);
    const threads = [...this.threads];
    this.threads.clear();
    await Promise.all(threads.map((thread) => thread.end(error)));
  }

  /** Gives waiting batches to free threads, and starts threads for the rest. */
  private share(): void {
    for (const thread of this.threads) {
      while (thread.isFree) {
        const job = this.waiting.shift();
        if (job === undefined) return;
        thread.run(job);
      }
    }
    const loading = [...this.threads].filter(({ isLoading }) => isLoading).length;
    const missing = Math.min(this.waiting.length - loading, this.count - this.threads.size);
    try {
      for (let i = 0; i < missing; i++) this.add();
    } catch (error) {
      if (!(error instanceof AttnError)) throw error;
      if (this.threads.size === 0) this.refuse(error);
    }
  }

  private add(): void {
    const thread: WorkerThread = new WorkerThread(this.start, {
      onFree: () => this.share(),
      onOver: (error, job) => {
        if (!this.threads.delete(thread)) return; // it was ended here
        // What could not load the model here could not do it elsewhere.
        if (thread.isLoading && this.threads.size === 0) this.refuse(error);
        if (job !== undefined && job.losses++ === 0) this.waiting.unshift(job);
        else job?.reject(error);
        this.share();
      },
    });
    this.threads.add(thread);
  }

  private abort(job: Job | undefined): void {
    if (job === undefined) return;
    job.losses = Infinity; // nobody waits for it any more
    const index = this.waiting.indexOf(job);
    if (index >= 0) this.waiting.splice(index, 1);
    for (const thread of this.threads) thread.abort(job);
  }

  private refuse(error: AttnError): void {
    for (const job of this.waiting.splice(0)) job.reject(error);
  }
}
