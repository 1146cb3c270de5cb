/**
 * Runs the inputs of all requests on one model: what arrives within a few milliseconds, and what arrives
 * while the model is busy, runs together. A model with workers runs several such batches at once. Requests
 * take turns, one input each, so that a large one does not keep small ones waiting.
 */
import { AttnError } from '@attn/core';
import { eventLoopTurn } from '@attn/core/backend';
import type { TextInput, TokenizedInput } from '@attn/models';
import { ApiError } from './api-error.ts';
import type { Settings } from './options.ts';

/** What a request asks for: a text, a pair, or ids. */
export type RequestInput = string | Required<TextInput> | readonly number[];

/** A text or a pair with its tokens, or ids, and the number of tokens. */
export interface QueuedInput {
  readonly input: TokenizedInput | readonly number[];
  readonly tokens: number;
}

/** What comes of an input: a vector, or scores of labels. */
export interface Answer {
  readonly values: Float32Array;
  readonly tokens: number;
}

/** A way to run inputs. Those of the same key run together. */
export interface Lane {
  readonly key: string;
  run(inputs: readonly QueuedInput['input'][], signal: AbortSignal): Promise<readonly Answer[]>;
}

/** Told what happens, for metrics. */
export interface BatcherEvents {
  onBatch(inputs: number, tokens: number, seconds: number): void;
}

interface Job {
  readonly lane: Lane;
  readonly inputs: readonly QueuedInput[];
  readonly answers: Answer[];
  /** Index of the next input to run. */
  next: number;
  answered: number;
  /** Aborted when nobody waits for the answers any more. */
  readonly over: AbortSignal;
  finish(error?: unknown): void;
}

interface Part {
  readonly job: Job;
  readonly index: number;
}

interface Rules extends Pick<Settings, 'gatherMs' | 'batchInputs' | 'batchTokens' | 'maxQueue'> {
  /** How many batches may run at one time. */
  readonly batchesAtOnce: number;
}

export class Batcher {
  private readonly rules: Rules;
  private readonly events: BatcherEvents;
  private readonly jobs: Job[] = [];
  /** How many loops take batches from the queue. */
  private loops = 0;
  private speed = 0; // inputs a second of one loop

  constructor(rules: Rules, events: BatcherEvents) {
    this.rules = rules;
    this.events = events;
  }

  /** Number of inputs that wait. */
  get waiting(): number {
    return this.jobs.reduce((sum, { inputs, next }) => sum + inputs.length - next, 0);
  }

  /** Refuses inputs for which there is no room. Errors: 429, with the time after which there may be. */
  checkRoom(count: number): void {
    const { waiting } = this;
    const { maxQueue, batchesAtOnce } = this.rules;
    if (waiting + count <= maxQueue) return;
    const seconds = this.speed === 0 ? 1 : Math.ceil(waiting / this.speed / batchesAtOnce);
    const retryAfter = Math.min(Math.max(seconds, 1), 60);
    const message = `the server is busy: ${waiting} inputs wait, and ${maxQueue} are the most; try again in ${retryAfter} s`;
    throw new ApiError(429, message, { code: 'rate_limit_exceeded', retryAfter });
  }

  /**
   * Runs inputs; the answers have their order. Errors: 429; `ABORTED`; those of the run, of which one that is
   * the fault of an input reaches only the request that has it.
   */
  submit(lane: Lane, inputs: readonly QueuedInput[], signal: AbortSignal): Promise<readonly Answer[]> {
    return new Promise((resolve, reject) => {
      this.checkRoom(inputs.length);
      const over = new AbortController();
      const abort = (): void => job.finish(new AttnError('ABORTED', 'serve', 'the client has gone'));
      const job: Job = {
        lane,
        inputs,
        answers: [],
        next: 0,
        answered: 0,
        over: over.signal,
        finish: (error) => {
          if (over.signal.aborted) return;
          over.abort();
          signal.removeEventListener('abort', abort);
          this.remove(job);
          if (error === undefined) resolve(job.answers);
          else reject(error as Error);
        },
      };
      if (inputs.length === 0) return job.finish();
      if (signal.aborted) return abort();
      signal.addEventListener('abort', abort, { once: true });
      this.jobs.push(job);
      if (this.loops < this.rules.batchesAtOnce) void this.work();
    });
  }

  /** Whether nothing waits or runs. */
  get isIdle(): boolean {
    return this.loops === 0;
  }

  private remove(job: Job): void {
    const index = this.jobs.indexOf(job);
    if (index >= 0) this.jobs.splice(index, 1);
  }

  private async work(): Promise<void> {
    this.loops += 1;
    await new Promise((resolve) => void setTimeout(resolve, this.rules.gatherMs));
    for (let parts = this.takeParts(); parts.length > 0; parts = this.takeParts()) {
      await this.runParts(parts);
      await eventLoopTurn(); // what has arrived meanwhile joins
    }
    this.loops -= 1;
  }

  /** The inputs that run next: those of the lane of the first job, one of each job in turn. */
  private takeParts(): readonly Part[] {
    const { batchInputs, batchTokens } = this.rules;
    const key = this.jobs[0]?.lane.key;
    const parts: Part[] = [];
    let tokens = 0;
    let open = this.jobs.filter(({ lane }) => lane.key === key);
    while (open.length > 0) {
      for (const job of open) {
        if (parts.length >= batchInputs || tokens >= batchTokens) break;
        parts.push({ job, index: job.next });
        tokens += job.inputs[job.next++].tokens;
      }
      if (parts.length >= batchInputs || tokens >= batchTokens) break;
      open = open.filter(({ next, inputs }) => next < inputs.length);
    }
    // Jobs with inputs left go to the end, those without leave the queue: they only wait for their answers.
    for (const job of new Set(parts.map((part) => part.job))) {
      this.remove(job);
      if (job.next < job.inputs.length) this.jobs.push(job);
    }
    return parts;
  }

  private async runParts(parts: readonly Part[]): Promise<void> {
    const start = performance.now();
    try {
      await this.runOnce(parts);
    } catch (error) {
      const jobs = [...new Set(parts.map(({ job }) => job))].filter(({ over }) => !over.aborted);
      const isInput = error instanceof AttnError && (error.isInputError || error.code === 'UNSUPPORTED');
      if (!isInput || jobs.length === 1) return jobs.forEach((job) => job.finish(error));
      for (const job of jobs)
        await this.runOnce(parts.filter((part) => part.job === job)).catch((own: unknown) => job.finish(own));
    } finally {
      const seconds = (performance.now() - start) / 1e3;
      const rate = parts.length / Math.max(seconds, 1e-6);
      this.speed = this.speed === 0 ? rate : 0.8 * this.speed + 0.2 * rate;
      const tokens = parts.reduce((sum, { job, index }) => sum + job.inputs[index].tokens, 0);
      this.events.onBatch(parts.length, tokens, seconds);
    }
  }

  /** Runs inputs of one lane. The run is aborted when nobody waits for any of them. */
  private async runOnce(parts: readonly Part[]): Promise<void> {
    const live = parts.filter(({ job }) => !job.over.aborted);
    if (live.length === 0) return;
    const stop = new AbortController();
    const look = (): void => {
      if (live.every(({ job }) => job.over.aborted)) stop.abort();
    };
    for (const { job } of live) job.over.addEventListener('abort', look);
    try {
      const inputs = live.map(({ job, index }) => job.inputs[index].input);
      const answers = await live[0].job.lane.run(inputs, stop.signal);
      for (const [i, { job, index }] of live.entries()) {
        job.answers[index] = answers[i];
        job.answered += 1;
        if (job.answered === job.inputs.length) job.finish();
      }
    } finally {
      for (const { job } of live) job.over.removeEventListener('abort', look);
    }
  }
}
