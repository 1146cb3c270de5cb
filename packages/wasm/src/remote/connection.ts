/** A page's connection to the worker that has its engine: calls and their answers, and an end to every wait. */
import { AttnError, type Progress } from '@attn/core';
import { clock, eventLoopTurn, type PlannedCall, type Timer } from '@attn/core/backend';
import type { StartThread, Thread } from '../engine/threads.ts';
import { fromWire, toWire, type Answer, type Request, type Response } from './protocol.ts';

/** Milliseconds between two looks at a worker that has calls to answer, and how long a question to it may stay unanswered. */
const WATCH_MS = 1000;
const SILENCE_MS = 10_000;

/** A request that is answered. */
export type Call = Extract<Request, { readonly call: number }>;

interface Pending {
  resolve(value: Answer): void;
  reject(error: AttnError): void;
  onProgress?(progress: Progress): void;
}

/** Makes a plan that the worker asks for. */
export type Plan = (request: Extract<Response, { type: 'plan' }>) => Promise<PlannedCall>;

/** A question that nothing has been heard since. */
interface Question {
  readonly asked: number;
  /** Its time was up at a look, and what had arrived by then has been heard. */
  isOverdue: boolean;
}

/** One worker. When it dies, all calls fail, and the connection is over. */
export class Connection {
  private readonly thread: Thread;
  private readonly plan: Plan;
  private readonly pending = new Map<number, Pending>();
  private calls = 0;
  private question: Question | undefined;
  private watch: Timer | undefined;
  private failure: AttnError | undefined;

  constructor(start: StartThread, plan: Plan) {
    this.plan = plan;
    this.thread = start({
      onMessage: (message) => this.receive(message as Response),
      onDeath: (reason) => this.fail('WORKER_DIED', `the worker with the engine ended: ${reason}`),
    });
  }

  /** True when there is nobody to talk to any more. */
  get isOver(): boolean {
    return this.failure !== undefined;
  }

  /**
   * Sends a request, made for a new call number, and waits for its answer. Errors: the worker's; `WORKER_DIED`, `TIMEOUT`, `DISPOSED`;
   * what `make` throws; `OUT_OF_MEMORY` when the request cannot be copied.
   */
  async call(
    make: (call: number) => Call,
    onProgress?: (progress: Progress) => void,
    signal?: AbortSignal,
  ): Promise<Answer> {
    const call = ++this.calls;
    const abort = (): void => this.send({ type: 'abort', call });
    try {
      const request = make(call);
      if (this.failure) throw this.failure;
      const answer = new Promise<Answer>((resolve, reject) =>
        this.pending.set(call, { resolve, reject, onProgress }),
      );
      this.startWatch();
      this.post(request);
      signal?.addEventListener('abort', abort, { once: true });
      return await answer;
    } finally {
      this.pending.delete(call);
      signal?.removeEventListener('abort', abort);
      if (this.pending.size === 0) this.endWatch();
    }
  }

  /** Sends a request that is not answered. */
  send(request: Request): void {
    if (this.failure === undefined) this.post(request);
  }

  /** Ends the worker. Calls that wait fail with `DISPOSED`. */
  async close(): Promise<void> {
    this.fail('DISPOSED', 'the backend has been disposed');
    await this.thread.terminate();
  }

  private receive(response: Response): void {
    // What an ended worker had sent may still arrive.
    if (this.failure !== undefined) return;
    this.question = undefined;
    switch (response.type) {
      case 'done':
        this.take(response.call)?.resolve(response.value);
        return;
      case 'failed':
        this.take(response.call)?.reject(fromWire(response.error));
        return;
      case 'progress':
        this.pending.get(response.call)?.onProgress?.(response.progress);
        return;
      case 'plan':
        void this.answerPlan(response);
        return;
      case 'pong':
    }
  }

  private async answerPlan(response: Extract<Response, { type: 'plan' }>): Promise<void> {
    const { request } = response;
    try {
      this.send({ type: 'planned', request, planned: await this.plan(response) });
    } catch (error) {
      this.send({ type: 'unplanned', request, error: toWire(error) });
    }
  }

  private post(request: Request): void {
    try {
      this.thread.post(request);
    } catch (cause) {
      const reason = cause instanceof Error ? cause.message : String(cause);
      const message = `the request to ${request.type} could not be copied to the worker with the engine: ${reason}`;
      throw new AttnError('OUT_OF_MEMORY', 'wasm/run', message, { cause });
    }
  }

  private take(call: number): Pending | undefined {
    const pending = this.pending.get(call);
    this.pending.delete(call);
    return pending;
  }

  private fail(code: 'WORKER_DIED' | 'TIMEOUT' | 'DISPOSED', message: string): void {
    if (this.failure) return;
    this.failure = new AttnError(code, 'wasm/run', message);
    this.endWatch();
    for (const { reject } of this.pending.values()) reject(this.failure);
    this.pending.clear();
  }

  /**
   * While calls wait, the worker is asked for a sign of life: a browser does not say when it ends one. Time in which nothing was asked
   * does not count: a hidden page looks once a minute, one that was busy or suspended when it goes on.
   */
  private startWatch(): void {
    if (this.watch !== undefined) return;
    this.question = undefined;
    this.thread.hold(true);
    this.watch = clock.setInterval(() => this.look(), WATCH_MS);
  }

  private look(): void {
    const { question } = this;
    const now = clock.now();
    if (question === undefined) {
      this.question = { asked: now, isOverdue: false };
      this.send({ type: 'ping' });
    } else if (question.isOverdue) {
      void this.thread.terminate();
      this.fail('TIMEOUT', `the worker with the engine has not answered for ${SILENCE_MS / 1000} s`);
    } else if (now - question.asked > SILENCE_MS) {
      // The answer may have arrived while this thread did not listen, or the worker may just have been woken up together with it.
      void eventLoopTurn().then(() => (question.isOverdue = true));
    }
  }

  private endWatch(): void {
    clock.clearInterval(this.watch);
    this.watch = undefined;
    this.thread.hold(false);
  }
}
