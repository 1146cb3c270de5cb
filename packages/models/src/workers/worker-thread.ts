/** One worker thread of a model, as the thread that loaded the model sees it. */
import { Worker } from 'node:worker_threads';
import { AttnError, type ExactActivationForm, type Progress } from '@attn/core';
import { clock, fromWire, show } from '@attn/core/backend';
import type { BatchRequest, BatchResult, Request, Response, WorkerStart } from './messages.ts';

const WHERE = 'models/workers';

const SCRIPT = new URL('./model-worker.js', import.meta.url);

/** How long a worker may take for its end, in milliseconds: some backends cannot stop a run. */
const END_MS = 10_000;

/** A batch on its way. */
export interface Job {
  readonly request: BatchRequest;
  /** How many workers have died of it, or with it. */
  losses: number;
  resolve(result: BatchResult): void;
  reject(error: AttnError): void;
  onProgress(progress: Progress): void;
}

/** Called as things happen to a thread. */
export interface ThreadEvents {
  /** The thread can take a batch. */
  onFree(): void;
  /** The thread is over: it could not load the model, died, or was ended. `job` is the batch that it had. */
  onOver(error: AttnError, job: Job | undefined): void;
}

/** A worker thread. */
export class WorkerThread {
  /** How the backend reads its inputs fastest; rejects where the model cannot be loaded. */
  readonly ready: Promise<ExactActivationForm>;
  private readonly worker: Worker;
  private readonly exited: Promise<void>;
  private isReady = false;
  private job: Job | undefined;
  private failure: AttnError | undefined;

  /** Errors: `UNSUPPORTED` where this process may start no threads. */
  constructor(start: WorkerStart, { onFree, onOver }: ThreadEvents) {
    const worker = startThread(start);
    this.worker = worker;
    let resolveReady: (fastestInputs: ExactActivationForm) => void;
    let rejectReady: (error: AttnError) => void;
    this.ready = new Promise((resolve, reject) => ([resolveReady, rejectReady] = [resolve, reject]));
    this.ready.catch(() => {}); // who waits for it sees it, and `onOver` tells the others
    worker.on('message', (response: Response) => {
      switch (response.type) {
        case 'ready':
          this.isReady = true;
          worker.unref();
          resolveReady(response.fastestInputs);
          return onFree();
        case 'unready':
          this.failure = fromWire(response.error, 'models');
          return;
        case 'done':
          this.free()?.resolve({ outputs: response.outputs, backend: response.backend });
          return onFree();
        case 'failed':
          this.free()?.reject(fromWire(response.error, 'models'));
          return onFree();
        case 'progress':
          return this.job?.onProgress(response.progress);
        default:
          return response satisfies never;
      }
    });
    worker.on('error', (error: unknown) => {
      const reason = error instanceof Error ? error.message : show(error);
      this.failure ??= new AttnError('WORKER_DIED', WHERE, `a worker thread ended: ${reason}`);
    });
    this.exited = new Promise((resolve) => {
      worker.on('exit', (code) => {
        const message = `a worker thread ended with exit code ${code}`;
        const error = this.failure ?? new AttnError('WORKER_DIED', WHERE, message);
        rejectReady(error);
        onOver(error, this.job);
        resolve();
      });
    });
  }

  /** Whether it can take a batch. */
  get isFree(): boolean {
    return this.isReady && this.job === undefined;
  }

  /** Whether it is still loading the model. */
  get isLoading(): boolean {
    return !this.isReady;
  }

  /** Gives it a batch. Errors: `INVALID_ARGUMENT` for one that cannot be copied. */
  run(job: Job): void {
    try {
      this.post({ type: 'run', ...job.request });
    } catch (cause) {
      const reason = cause instanceof Error ? cause.message : show(cause);
      const message = `the batch cannot be copied to a worker thread: ${reason}`;
      return job.reject(new AttnError('INVALID_ARGUMENT', WHERE, message, { cause }));
    }
    this.job = job;
    this.worker.ref();
  }

  /** Aborts a batch, if it has that. It is free when the backend has stopped. */
  abort(job: Job): void {
    if (this.job === job) this.post({ type: 'abort' });
  }

  /** Ends it; what it runs rejects with an error. */
  async end(error: AttnError): Promise<void> {
    this.job?.reject(error);
    this.worker.ref();
    this.post({ type: 'end' });
    const timer = clock.setTimeout(() => void this.worker.terminate(), END_MS);
    await this.exited;
    clock.clearTimeout(timer);
  }

  private free(): Job | undefined {
    const { job } = this;
    this.job = undefined;
    this.worker.unref();
    return job;
  }

  private post(request: Request): void {
    this.worker.postMessage(request);
  }
}

function startThread(workerData: WorkerStart): Worker {
  try {
    return new Worker(SCRIPT, { workerData });
  } catch (cause) {
    const reason = cause instanceof Error ? cause.message : show(cause);
    const message = `this process cannot start a worker thread: ${reason}`;
    throw new AttnError('UNSUPPORTED', WHERE, message, { cause });
  }
}
