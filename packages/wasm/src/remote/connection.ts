/**
 * A page's connection to the worker that has its engine: calls and their answers, questions of the worker,
 * and a watchdog that ends every wait for a worker that has died.
 */
import { AttnError, type Progress } from '@attn/core';
import { clock, eventLoopTurn, fromWire, toWire, type PlannedCall, type Timer } from '@attn/core/backend';
import type { StartThread, Thread } from '../engine/threads.ts';
import type { Answer, PlanQuestion, Request, Response } from './protocol.ts';

/** Milliseconds between two ticks of the watchdog, which runs while calls wait. */
const TICK_MS = 1000;

/** Milliseconds that a worker has to answer a ping. */
const SILENCE_MS = 10_000;

/** A request that the worker answers. */
export type Call = Extract<Request, { readonly call: number }>;

interface Pending {
  resolve(value: Answer): void;
  reject(error: AttnError): void;
  onProgress?(progress: Progress): void;
}

/** Makes a plan that the worker asks for. */
export type MakePlan = (question: PlanQuestion) => Promise<PlannedCall>;

/** A ping after which no message has arrived. */
interface Ping {
  readonly sentAt: number;
  /** Its time was up at a tick, and all messages that had arrived by then have been handled. */
  isOverdue: boolean;
}

/** The connection to one worker. When the worker dies, all calls fail, and the connection is over. */
export class Connection {
  private readonly thread: Thread;
  private readonly makePlan: MakePlan;
  private readonly pending = new Map<number, Pending>();
  private calls = 0;
  private ping: Ping | undefined;
  private watchdog: Timer | undefined;
  private failure: AttnError | undefined;

  constructor(start: StartThread, makePlan: MakePlan) {
    this.makePlan = makePlan;
    this.thread = start({
      onMessage: (message) => this.receive(message as Response),
      onDeath: (reason) => this.fail('WORKER_DIED', `the worker with the engine ended: ${reason}`),
    });
  }

  /** True when the worker has died or was ended. */
  get isOver(): boolean {
    return this.failure !== undefined;
  }

  /**
   * Makes a request with a new call number, sends it and waits for its answer. Errors: those of the worker
   * and of `make`; `WORKER_DIED`, `TIMEOUT`, `DISPOSED`; `OUT_OF_MEMORY` when the request cannot be copied.
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
      this.startWatchdog();
      this.post(request);
      signal?.addEventListener('abort', abort, { once: true });
      return await answer;
    } finally {
      this.pending.delete(call);
      signal?.removeEventListener('abort', abort);
      if (this.pending.size === 0) this.stopWatchdog();
    }
  }

  /** Sends a request that has no answer. */
  send(request: Request): void {
    if (this.failure === undefined) this.post(request);
  }

  /** Ends the worker. Waiting calls fail with `DISPOSED`. */
  async close(): Promise<void> {
    this.fail('DISPOSED', 'the backend has been disposed');
    await this.thread.terminate();
  }

  private receive(response: Response): void {
    // Messages of a worker that was ended may still arrive.
    if (this.failure !== undefined) return;
    this.ping = undefined;
    switch (response.type) {
      case 'done':
        this.take(response.call)?.resolve(response.value);
        return;
      case 'failed':
        this.take(response.call)?.reject(fromWire(response.error, 'wasm'));
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

  private async answerPlan(question: PlanQuestion): Promise<void> {
    const { request } = question;
    try {
      this.send({ type: 'planned', request, planned: await this.makePlan(question) });
    } catch (error) {
      this.send({ type: 'unplanned', request, error: toWire(error, 'wasm') });
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
    this.stopWatchdog();
    for (const { reject } of this.pending.values()) reject(this.failure);
    this.pending.clear();
  }

  /**
   * Pings the worker while calls wait, because a browser does not say when it ends a worker. Only time after
   * a ping counts: a hidden page ticks once a minute, and a busy or suspended page does not tick at all.
   */
  private startWatchdog(): void {
    if (this.watchdog !== undefined) return;
    this.ping = undefined;
    this.thread.ref();
    this.watchdog = clock.setInterval(() => this.tick(), TICK_MS);
  }

  private tick(): void {
    const { ping } = this;
    const now = clock.now();
    if (ping === undefined) {
      this.ping = { sentAt: now, isOverdue: false };
      this.send({ type: 'ping' });
    } else if (ping.isOverdue) {
      void this.thread.terminate();
      this.fail('TIMEOUT', `the worker with the engine has not answered for ${SILENCE_MS / 1000} s`);
    } else if (now - ping.sentAt > SILENCE_MS) {
      // The answer may have arrived while this thread was blocked, or the worker may just have
      // resumed with it.
      void eventLoopTurn().then(() => (ping.isOverdue = true));
    }
  }

  private stopWatchdog(): void {
    clock.clearInterval(this.watchdog);
    this.watchdog = undefined;
    this.thread.unref();
  }
}
