/**
 * How threads share a job without messages: by a block of 32-bit words in shared memory. The caller (the
 * thread that has the job) opens the job; every thread takes the next task until there is none; the caller
 * closes the job and waits for the helpers that joined it. A helper that wakes up late sees that the job is
 * closed and goes back to sleep, so no thread ever waits for a helper that has not started.
 *
 * A helper thread loads little more than this file and `parent.ts`.
 */
import { clock } from '@attn/core/backend';

/** Indices of the words in the control block. */
export const WORD = {
  /** Grows with every job; helpers sleep on it. `END` tells them to stop serving this memory. */
  generation: 0,
  /** Number of helpers that have joined the job, or `CLOSED`. */
  joined: 1,
  /** Number of helpers that have finished the job; the caller sleeps on it. */
  finished: 2,
  /** Index of the next task to take. */
  next: 3,
  /** Number of tasks. */
  count: 4,
  /** Address of the first task. */
  tasks: 5,
  /** Bytes of a task. */
  taskBytes: 6,
  /** Number that identifies the module with the kernel. */
  module: 7,
  /** Address of the module's bytes, and how many there are. */
  moduleAddress: 8,
  moduleBytes: 9,
  /** Index of the kernel among the module's exports. */
  kernel: 10,
  /** Address of the scratch memory: the caller's part, then that of helper 1, … */
  scratch: 11,
  /** Bytes of scratch memory of each thread. */
  scratchBytes: 12,
} as const;

/**
 * Word `BUSY` + n is 1 while helper n is in a job, else 0. A helper that dies in a job takes a task with it.
 */
export const BUSY = 16;

/** The caller does jobs of fewer operations alone: waking helpers takes 10–50 µs. */
export const WORTH_WAKING = 4e6;

/**
 * Milliseconds that a thread looks for a change before it sleeps. Within a run the next job follows sooner,
 * and waking a thread takes about as long as its share of a small job.
 */
const ALERT_MS = 0.2;

/** The largest number of helpers: the control block has room for no more. */
export const MAX_HELPERS = 255;

/** Number of words in the control block. */
export const CONTROL_WORDS: number = BUSY + MAX_HELPERS + 1;

/** Value of `WORD.joined` while no helper may join. */
export const CLOSED = -1;

/** Value of `WORD.generation` that ends the service of helpers. */
export const END = -1;

/** A kernel, called with the addresses of a task and of scratch memory. */
export type KernelFunction = (task: number, scratch: number) => void;

/** The exports of a module, in their order in the module. */
export function kernelsOf(instance: WebAssembly.Instance): KernelFunction[] {
  return Object.values(instance.exports) as KernelFunction[];
}

/** Reads an address or a number of bytes from a word. In the word, 2 GiB and more are negative. */
export function addressIn(words: Int32Array, index: number): number {
  return words[index] >>> 0;
}

/** Looks at a word for a while; whether it has changed from this value. */
export function hasChanged(words: Int32Array, index: number, value: number): boolean {
  const end = clock.now() + ALERT_MS;
  while (Atomics.load(words, index) === value) if (clock.now() > end) return false;
  return true;
}

/** Takes tasks until there are no more. */
export function work(words: Int32Array, kernel: KernelFunction, scratch: number): void {
  const count = words[WORD.count];
  const tasks = addressIn(words, WORD.tasks);
  const bytes = addressIn(words, WORD.taskBytes);
  for (;;) {
    const task = Atomics.add(words, WORD.next, 1);
    if (task >= count) return;
    kernel(tasks + task * bytes, scratch);
  }
}

/** The largest number of instances that a helper keeps; one module more makes it drop them all. */
const MAX_MODULES = 64;

/** The first message to a helper: the memory that it is to serve. */
export interface Service {
  readonly memory: WebAssembly.Memory;
  /** Address of the control block. */
  readonly control: number;
  /** Number of this helper, from 1 on. */
  readonly helper: number;
}

/**
 * Serves a memory until the caller ends it: joins a job, works, finishes, looks for the next job for a while,
 * and sleeps.
 */
export function serve({ memory, control, helper }: Service): void {
  const words = new Int32Array(memory.buffer, control, CONTROL_WORDS);
  const modules = new Map<number, KernelFunction[]>();
  let generation = 0;
  for (;;) {
    if (!hasChanged(words, WORD.generation, generation)) Atomics.wait(words, WORD.generation, generation);
    generation = Atomics.load(words, WORD.generation);
    if (generation === END) return;
    if (!join(words)) continue;
    Atomics.store(words, BUSY + helper, 1);
    const id = words[WORD.module];
    let kernels = modules.get(id);
    if (kernels === undefined) {
      // Another thread may have grown the memory. This thread sees that only when it grows it
      // too, be it by 0.
      memory.grow(0);
      const [at, length] = [addressIn(words, WORD.moduleAddress), addressIn(words, WORD.moduleBytes)];
      const module = new WebAssembly.Module(new Uint8Array(memory.buffer, at, length).slice());
      kernels = kernelsOf(new WebAssembly.Instance(module, { env: { memory } }));
      if (modules.size === MAX_MODULES) modules.clear();
      modules.set(id, kernels);
    }
    const scratch = addressIn(words, WORD.scratch) + helper * addressIn(words, WORD.scratchBytes);
    work(words, kernels[words[WORD.kernel]], scratch);
    Atomics.store(words, BUSY + helper, 0);
    Atomics.add(words, WORD.finished, 1);
    Atomics.notify(words, WORD.finished);
  }
}

/** Joins the open job; false when there is none. */
function join(words: Int32Array): boolean {
  for (;;) {
    const joined = Atomics.load(words, WORD.joined);
    if (joined === CLOSED) return false;
    if (Atomics.compareExchange(words, WORD.joined, joined, joined + 1) === joined) return true;
  }
}
