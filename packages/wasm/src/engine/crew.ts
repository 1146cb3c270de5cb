/**
 * The threads of a backend. The host, which is whoever calls, takes tasks like everybody else, and now and then lets its event
 * loop turn; helpers sleep between jobs. Who gets which task does not matter to the result.
 */
import { AttnError } from '@attn/core';
import { clock, debug, type Pause, type Timer } from '@attn/core/backend';
import {
  BUSY,
  CLOSED,
  CONTROL_WORDS,
  END,
  MOST_HELPERS,
  WORD,
  WORTH_WAKING,
  type Service,
} from './control.ts';
import type { Heap } from './heap.ts';
import type { Job } from './job.ts';
import type { StartThread, Thread } from './threads.ts';

/** Helpers that die before their first task are not replaced for ever: something keeps them from starting. */
const MOST_FALSE_STARTS = 3;

/** Options of a crew. */
export interface CrewOptions {
  /** Threads, the host included. */
  readonly threads: number;
  readonly startHelper: StartThread;
}

/** Milliseconds after which a sleeping host looks for itself. */
const NAP = 50;

/** Milliseconds between two looks at whether helpers have started. */
const LOOK_MS = 2;

/** `Atomics.waitAsync`, which not all hosts have. */
interface WaitAsync {
  waitAsync?(words: Int32Array, index: number, value: number, timeout: number): { readonly value: unknown };
}

/** Runs jobs one at a time, over one heap at a time. */
export class Crew {
  private readonly options: CrewOptions;
  private readonly helpers = new Map<number, Thread>();
  private falseStarts = 0;
  /** Why the helper that failed last did not start. */
  private falseStart = '';
  private heap: Heap | undefined;
  private control = 0;
  /** A copy of the view over the control block: of shared memory it stays valid when the memory grows. */
  private words: Int32Array = new Int32Array(0);
  /** Why the job at hand cannot be finished. */
  private failure: string | undefined;
  private wakeHost: () => void = () => {};

  constructor(options: CrewOptions) {
    this.options = options;
  }

  /** Helpers that are running now. */
  get helperCount(): number {
    return this.helpers.size;
  }

  /** Why helpers are not started any more; undefined while they are. */
  get whyAlone(): string | undefined {
    if (this.falseStarts < MOST_FALSE_STARTS || this.helpers.size > 0) return undefined;
    return `helper threads do not start: ${this.falseStart}`;
  }

  /**
   * Does a job; to be called for one at a time. `pause` is asked between tasks of the host; what it throws stops the job.
   * Errors: `WORKER_DIED` when a helper ended in the middle; the next job starts new ones.
   */
  async run(heap: Heap, job: Job, pause: Pause): Promise<void> {
    const alone = !heap.isShared || this.options.threads < 2 || job.count < 2 || job.flops < WORTH_WAKING;
    if (!alone) return this.workTogether(heap, job, pause);
    job.meanwhile?.();
    if (job.count > 0) await workAlone(heap, job, pause);
  }

  /** Starts all helpers and waits until they are ready for a job, at most so many milliseconds. */
  async ready(heap: Heap, mostMs: number): Promise<void> {
    this.attend(heap);
    // A sleeping helper wakes, sees no job, and goes back to sleep.
    for (let waited = 0; waited < mostMs; waited += LOOK_MS) {
      if (Atomics.notify(this.words, WORD.generation) >= this.helpers.size) return;
      await clock.sleep(LOOK_MS);
    }
  }

  /** Ends all helpers. */
  async dispose(): Promise<void> {
    await this.endHelpers();
    this.leave();
  }

  /** Forgets the heap; helpers stop serving it. */
  leave(): void {
    if (this.heap === undefined) return;
    Atomics.store(this.words, WORD.generation, END);
    Atomics.notify(this.words, WORD.generation);
    this.words = new Int32Array(0);
    this.heap = undefined;
  }

  private async workTogether(heap: Heap, job: Job, pause: Pause): Promise<void> {
    this.attend(heap);
    const { threads } = this.options;
    const scratch = heap.allocate(job.scratchBytes * threads);
    try {
      this.open(heap, job, scratch);
      try {
        job.meanwhile?.();
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
    job.module.kernel(job.kernel, heap);
    words[WORD.left] = 0;
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

  /** Lets nobody in any more and waits for those inside. */
  private async close(): Promise<void> {
    const joined = Atomics.exchange(this.words, WORD.joined, CLOSED);
    for (let spin = 0; ; spin++) {
      const left = Atomics.load(this.words, WORD.left);
      if (left >= joined) break;
      if (this.failure !== undefined) break;
      if (spin > 2000) await this.sleep(left);
    }
    if (this.failure === undefined) return;
    const reason = this.failure;
    await this.endHelpers();
    throw new AttnError('WORKER_DIED', 'wasm/run', `a helper thread ended during a run: ${reason}`);
  }

  /** Until somebody leaves, a helper dies, or a moment has passed. */
  private async sleep(left: number): Promise<void> {
    const died = new Promise<void>((resolve) => (this.wakeHost = resolve));
    const atomics: object & WaitAsync = Atomics as object;
    const woken = atomics.waitAsync?.(this.words, WORD.left, left, NAP).value;
    // The timer also keeps the process alive, which waiting on memory does not.
    let timer: Timer | undefined;
    const nap = new Promise<void>(
      (resolve) => (timer = clock.setTimeout(resolve, woken === undefined ? 1 : NAP)),
    );
    await Promise.race([nap, died, ...(woken === undefined ? [] : [woken])]);
    clock.clearTimeout(timer);
  }

  /** Moves helpers to this heap, and starts those that are missing. */
  private attend(heap: Heap): void {
    if (this.heap !== heap) {
      this.leave();
      this.heap = heap;
      this.control = heap.allocateFixed(4 * CONTROL_WORDS);
      this.words = heap.i32(this.control, CONTROL_WORDS).fill(0);
      this.words[WORD.joined] = CLOSED;
      for (const [number, helper] of this.helpers) this.send(number, helper);
    }
    const wanted = Math.min(this.options.threads - 1, MOST_HELPERS);
    for (let number = 1; number <= wanted && this.falseStarts < MOST_FALSE_STARTS; number++) {
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
      this.falseStart = error instanceof Error ? error.message : String(error);
      debug(1, () => `wasm: could not start a helper thread: ${String(error)}`);
    }
  }

  private send(number: number, helper: Thread): void {
    if (this.heap === undefined) return;
    const service: Service = { memory: this.heap.memory, control: this.control, helper: number };
    helper.post(service);
  }

  /** A helper has died. Only if it was at work is anything lost. */
  private lose(number: number, reason: string): void {
    this.helpers.delete(number);
    debug(1, () => `wasm: helper thread ${number} ended: ${reason}`);
    if (this.words[BUSY + number] === 1) this.failure = reason;
    else {
      this.falseStarts += 1;
      this.falseStart = reason;
    }
    this.wakeHost();
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
