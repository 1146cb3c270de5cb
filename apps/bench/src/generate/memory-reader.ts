/**
 * Reads memory on all threads, as fast as they can: the bandwidth that a decoding step, which reads its
 * weights and caches once, is compared with. `measure` blocks, so that it fits between two steps.
 */
import { Worker } from 'node:worker_threads';
import { readerModule } from '@attn/wasm/ceilings';

/** Bytes of memory: more than a processor's caches, so that each sample reads what is not in them. */
const MEMORY_BYTES = 512 * 2 ** 20;

/** Bytes that a sample reads. */
const SAMPLE_BYTES = 64 * 2 ** 20;

/** Words of the control block, in shared memory of its own. */
const WORD = { generation: 0, finished: 1, from: 2, bytes: 3 } as const;

const HELPER = `
const { workerData: { bytes, memory, words, number, WORD } } = require('node:worker_threads');
const { read } = new WebAssembly.Instance(new WebAssembly.Module(bytes), { env: { memory } }).exports;
for (let generation = 0; ;) {
  Atomics.wait(words, WORD.generation, generation);
  generation = Atomics.load(words, WORD.generation);
  const from = words[WORD.from] + number * words[WORD.bytes];
  read(from, from + words[WORD.bytes]);
  Atomics.add(words, WORD.finished, 1);
}`;

type Read = (from: number, to: number) => void;

export class MemoryReader {
  /** Bytes that it holds. */
  readonly heldBytes: number = MEMORY_BYTES;
  private readonly threads: number;
  private readonly words = new Int32Array(new SharedArrayBuffer(16));
  private readonly read: Read;
  private readonly helpers: readonly Worker[];
  private from = 0;

  constructor(threads: number) {
    this.threads = threads;
    const pages = MEMORY_BYTES / 65_536;
    const memory = new WebAssembly.Memory({ initial: pages, maximum: pages, shared: true });
    // Pages that nobody has written are all the same page of zeros.
    new Float64Array(memory.buffer).fill(1);
    const bytes = readerModule();
    const module = new WebAssembly.Module(bytes);
    const { exports } = new WebAssembly.Instance(module, { env: { memory } });
    this.read = exports.read as Read;
    const { words } = this;
    this.helpers = Array.from({ length: threads - 1 }, (_, i) => {
      const workerData = { bytes, memory, words, number: i + 1, WORD };
      return new Worker(HELPER, { eval: true, workerData });
    });
  }

  /** Waits until all threads have read once. */
  async start(): Promise<void> {
    await Promise.all(this.helpers.map((helper) => new Promise((resolve) => helper.once('online', resolve))));
    this.measure();
    this.measure();
  }

  /** Bytes a second of one more sample. */
  measure(): number {
    const { words, threads } = this;
    const bytes = 128 * Math.floor(SAMPLE_BYTES / threads / 128);
    if (this.from + threads * bytes > MEMORY_BYTES) this.from = 0;
    words[WORD.from] = this.from;
    words[WORD.bytes] = bytes;
    words[WORD.finished] = 0;
    const start = performance.now();
    Atomics.add(words, WORD.generation, 1);
    Atomics.notify(words, WORD.generation);
    this.read(this.from, this.from + bytes);
    while (Atomics.load(words, WORD.finished) < threads - 1);
    const ms = performance.now() - start;
    this.from += threads * bytes;
    return (1000 * threads * bytes) / ms;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await Promise.all(this.helpers.map((helper) => helper.terminate()));
  }
}
