/**
 * How threads share a job without messages: a block of 32-bit words in shared memory. The host opens a job, everybody takes the
 * next task until there is none, the host closes the job and waits for those that joined it. A helper that wakes up late finds
 * the job closed and goes back to sleep, so nobody ever waits for one that has not started.
 *
 * With `parent.ts` this is all that a helper thread loads.
 */

/** Indices of the words. */
export const WORD = {
  /** Grows with every job; helpers sleep on it. `END` tells them to stop serving this memory. */
  generation: 0,
  /** How many helpers have joined the job, or `CLOSED`. */
  joined: 1,
  /** How many of them have left it; the host sleeps on it. */
  left: 2,
  /** The next task to take. */
  next: 3,
  /** Number of tasks. */
  count: 4,
  /** Address of the first task, and bytes of one. */
  tasks: 5,
  taskBytes: 6,
  /** The module that has the kernel: a number to know it by, and its bytes. */
  module: 7,
  moduleAddress: 8,
  moduleBytes: 9,
  /** Which of the module's exports. */
  kernel: 10,
  /** Scratch memory: the host's, then that of helper 1, … */
  scratch: 11,
  scratchBytes: 12,
} as const;

/** At this word plus its number a helper says whether it is in a job: 1, else 0. Who dies there takes a task with it. */
export const BUSY = 16;

/** Jobs below this many operations are done by the host alone: waking helpers takes 10–50 µs. */
export const WORTH_WAKING = 4e6;

/** As many helpers as there is room for. */
export const MOST_HELPERS = 255;

/** Number of words. */
export const CONTROL_WORDS: number = BUSY + MOST_HELPERS + 1;

export const CLOSED = -1;
export const END = -1;

/** A kernel as JavaScript sees it. */
export type KernelFunction = (task: number, scratch: number) => void;

/** The exports of a module in the order of their definition. */
export function kernelsOf(instance: WebAssembly.Instance): KernelFunction[] {
  return Object.values(instance.exports) as KernelFunction[];
}

/** An address or a number of bytes out of a word, whose sign is that of 2 GiB and more. */
export function addressIn(words: Int32Array, index: number): number {
  return words[index] >>> 0;
}

/** Takes tasks until there are none left. */
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

/** Instances that a helper keeps; the next module makes it forget them all. */
const MOST_MODULES = 64;

/** What a helper is told first. */
export interface Service {
  readonly memory: WebAssembly.Memory;
  /** Address of the control block. */
  readonly control: number;
  /** Which helper this is, from 1 on. */
  readonly helper: number;
}

/** Serves one memory until it is told to end: sleeps, joins, works, leaves. */
export function serve({ memory, control, helper }: Service): void {
  const words = new Int32Array(memory.buffer, control, CONTROL_WORDS);
  const modules = new Map<number, KernelFunction[]>();
  let seen = 0;
  for (;;) {
    Atomics.wait(words, WORD.generation, seen);
    seen = Atomics.load(words, WORD.generation);
    if (seen === END) return;
    if (!join(words)) continue;
    Atomics.store(words, BUSY + helper, 1);
    const id = words[WORD.module];
    let kernels = modules.get(id);
    if (kernels === undefined) {
      // Another thread may have grown the memory: only growing, if by nothing, makes this one see it.
      memory.grow(0);
      const [at, length] = [addressIn(words, WORD.moduleAddress), addressIn(words, WORD.moduleBytes)];
      const module = new WebAssembly.Module(new Uint8Array(memory.buffer, at, length).slice());
      kernels = kernelsOf(new WebAssembly.Instance(module, { env: { memory } }));
      if (modules.size === MOST_MODULES) modules.clear();
      modules.set(id, kernels);
    }
    const scratch = addressIn(words, WORD.scratch) + helper * addressIn(words, WORD.scratchBytes);
    work(words, kernels[words[WORD.kernel]], scratch);
    Atomics.store(words, BUSY + helper, 0);
    Atomics.add(words, WORD.left, 1);
    Atomics.notify(words, WORD.left);
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
