/**
 * The threads of a backend. The caller (the thread that runs a job) takes tasks like the helpers, and
 * runs its event loop now and then; helpers sleep between runs. Which thread does which task does not
 * affect the result.
 */
import { AttnError } from '@attn/core';
import { clock, debug, type Pause, type Timer } from '@attn/core/backend';
import {
  BUSY,
  CLOSED,
  CONTROL_WORDS,
  END,
  hasChanged,
  MAX_HELPERS,
  WORD,
  WORTH_WAKING,
  type Service,
} from './control.ts';
import type { Heap } from './heap.ts';
import type { Job } from './job.ts';
import type { StartThread, Thread } from './threads.ts';

/** Helpers that die before their first task are replaced this many times; then something prevents a start. */
const MAX_FALSE_STARTS = 3;

/** Options of a crew. */
export interface CrewOptions {
  /** Number of threads, including the caller. */
  readonly threads: number;
  readonly startHelper: StartThread;
}

/** The longest sleep of the caller, in milliseconds: it then checks the job by itself. */
const SLEEP_MS = 50;

/** Milliseconds between two checks whether helpers have started. */
const POLL_MS = 2;

/** `Atomics.waitAsync`, which not all engines have. */
interface WaitAsync {
  waitAsync?(words: Int32Array, index: number, value: number, timeout: number): { readonly value: unknown };
}

/** Runs jobs one at a time, over one heap at a time. */
export class Crew {
  private readonly options: CrewOptions;
  private readonly helpers = new Map<number, Thread>();
  private falseStarts = 0;
  /** Why the last false start failed. */
  private falseStartReason = '';
  private heap: Heap | undefined;
  private control = 0;
  /** The control block. A view of shared memory stays valid when the memory grows. */
  private words: Int32Array = new Int32Array(0);
  /** Why the current job cannot be finished. */
  private failure: string | undefined;
  private wakeCaller: () => void = () => {};

  constructor(options: CrewOptions) {
    this.options = options;
  }

  /** Number of helpers that are running. */
  get helperCount(): number {
    return this.helpers.size;
  }

  /** Why no more helpers are started; undefined while they are. */
  get whyAlone(): string | undefined {
    if (this.falseStarts < MAX_FALSE_STARTS || this.helpers.size > 0) return undefined;
    return `helper threads do not start: ${this.falseStartReason}`;
  }

  /**
   * Runs a job; the caller may run only one at a time. `pause` is called between tasks of the caller; an
   * error that it throws stops the job. Errors: `WORKER_DIED` when a helper ended in the middle; the next job
   * starts new helpers.
   */
  async run(heap: Heap, job: Job, pause: Pause): Promise<void> {
    const alone = !heap.isShared || this.options.threads < 2 || job.count < 2 || job.flops < WORTH_WAKING;
    if (!alone) return this.workTogether(heap, job, pause);
    job.whileHelpersRun?.();
    if (job.count > 0) await workAlone(heap, job, pause);
  }

  /** Starts all helpers and waits until they are ready for a job, for at most `timeoutMs` milliseconds. */
  async ready(heap: Heap, timeoutMs: number): Promise<void> {
    this.bind(heap);
    // A sleeping helper wakes, sees no job, and goes back to sleep.
    for (let waited = 0; waited < timeoutMs; waited += POLL_MS) {
      if (Atomics.notify(this.words, WORD.generation) >= this.helpers.size) return;
      await clock.sleep(POLL_MS);
    }
  }

  /** Ends all helpers. */
  async dispose(): Promise<void> {
    await this.endHelpers();
    this.unbind();
  }

  /** Lets go of the heap: helpers stop serving it. */
  unbind(): void {
    if (this.heap === undefined) return;
    Atomics.store(this.words, WORD.generation, END);
    Atomics.notify(this.words, WORD.generation);
    this.words = new Int32Array(0);
    this.heap = undefined;
  }

  private async workTogether(heap: Heap, job: Job, pause: Pause): Promise<void> {
    this.bind(heap);
    const { threads } = this.options;
    const scratch = heap.allocate(job.scratchBytes * threads);
    try {
      this.open(heap, job, scratch);
      try {
        job.whileHelpersRun?.();
        await this.takeTasks(heap, job, scratch, pause);
      } finally {
        Atomics.store(this.words, WORD.next, job.count);
        await this.close();
      }
    } finally {
      heap.free(scratch);
    }
  }

  private open(heap: Heap, job: Job, scratch: number): void {
    const { words } = this;
    this.failure = undefined;
    words[WORD.finished] = 0;
    words[WORD.next] = 0;
    words[WORD.count] = job.count;
    words[WORD.tasks] = job.tasks;
    words[WORD.taskBytes] = job.taskBytes;
    words[WORD.module] = job.module.id;
    words[WORD.moduleAddress] = job.module.bytesAddress(heap);
    words[WORD.moduleBytes] = job.module.bytes.length;
    words[WORD.kernel] = job.module.names.indexOf(job.kernel);
    words[WORD.scratch] = scratch;
    words[WORD.scratchBytes] = job.scratchBytes;
    Atomics.store(words, WORD.joined, 0);
    Atomics.add(words, WORD.generation, 1);
    Atomics.notify(words, WORD.generation);
  }

  private async takeTasks(heap: Heap, job: Job, scratch: number, pause: Pause): Promise<void> {
    const kernel = job.module.kernel(job.kernel, heap);
    for (;;) {
      const task = Atomics.add(this.words, WORD.next, 1);
      if (task >= job.count || this.failure !== undefined) return;
      kernel(job.tasks + task * job.taskBytes, scratch);
      job.onProgress?.(Math.min(job.count, Atomics.load(this.words, WORD.next)));
      const pausing = pause();
      if (pausing) await pausing;
    }
  }

  /** Closes the job to helpers that come late, and waits for those that have joined it. */
  private async close(): Promise<void> {
    const joined = Atomics.exchange(this.words, WORD.joined, CLOSED);
    while (this.failure === undefined) {
      const finished = Atomics.load(this.words, WORD.finished);
      if (finished >= joined) break;
      if (!hasChanged(this.words, WORD.finished, finished)) await this.sleep(finished);
    }
    if (this.failure === undefined) return;
    const reason = this.failure;
    await this.endHelpers();
    throw new AttnError('WORKER_DIED', 'wasm/run', `a helper thread ended during a run: ${reason}`);
  }

  /** Sleeps until another helper finishes, a helper dies, or some time has passed. */
  private async sleep(finished: number): Promise<void> {
    const death = new Promise<void>((resolve) => (this.wakeCaller = resolve));
    const atomics: object & WaitAsync = Atomics as object;
    const wake = atomics.waitAsync?.(this.words, WORD.finished, finished, SLEEP_MS).value;
    // The timer also keeps the process alive, which waiting on memory does not.
    let timer: Timer | undefined;
    const timeout = new Promise<void>(
      (resolve) => (timer = clock.setTimeout(resolve, wake === undefined ? 1 : SLEEP_MS)),
    );
    await Promise.race([timeout, death, ...(wake === undefined ? [] : [wake])]);
    clock.clearTimeout(timer);
  }

  /** Lets helpers serve this heap, and starts those that are missing. */
  private bind(heap: Heap): void {
    if (this.heap !== heap) {
      this.unbind();
      this.heap = heap;
      this.control = heap.allocateFixed(4 * CONTROL_WORDS);
      this.words = heap.i32(this.control, CONTROL_WORDS).fill(0);
      this.words[WORD.joined] = CLOSED;
      for (const [number, helper] of this.helpers) this.send(number, helper);
    }
    const count = Math.min(this.options.threads - 1, MAX_HELPERS);
    for (let number = 1; number <= count && this.falseStarts < MAX_FALSE_STARTS; number++) {
      if (!this.helpers.has(number)) this.start(number);
    }
  }

  private start(number: number): void {
    try {
      const helper = this.options.startHelper({ onDeath: (reason) => this.lose(number, reason) });
      this.helpers.set(number, helper);
      this.send(number, helper);
    } catch (error) {
      this.falseStarts += 1;
      this.falseStartReason = error instanceof Error ? error.message : String(error);
      debug(1, () => `wasm: could not start a helper thread: ${String(error)}`);
    }
  }

  private send(number: number, helper: Thread): void {
    if (this.heap === undefined) return;
    const service: Service = { memory: this.heap.memory, control: this.control, helper: number };
    helper.post(service);
  }

  /** Handles the death of a helper. The job fails only if the helper was in it. */
  private lose(number: number, reason: string): void {
    this.helpers.delete(number);
    debug(1, () => `wasm: helper thread ${number} ended: ${reason}`);
    if (this.words[BUSY + number] === 1) this.failure = reason;
    else {
      this.falseStarts += 1;
      this.falseStartReason = reason;
    }
    this.wakeCaller();
  }

  private async endHelpers(): Promise<void> {
    const helpers = [...this.helpers.values()];
    this.helpers.clear();
    await Promise.all(helpers.map((helper) => helper.terminate()));
    this.words.fill(0, BUSY);
  }
}

async function workAlone(heap: Heap, job: Job, pause: Pause): Promise<void> {
  const kernel = job.module.kernel(job.kernel, heap);
  const scratch = job.scratchBytes > 0 ? heap.allocate(job.scratchBytes) : 0;
  try {
    for (let task = 0; task < job.count; task++) {
      kernel(job.tasks + task * job.taskBytes, scratch);
      job.onProgress?.(task + 1);
      const pausing = pause();
      if (pausing) await pausing;
    }
  } finally {
    if (scratch !== 0) heap.free(scratch);
  }
}
