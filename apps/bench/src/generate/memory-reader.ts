/**
 * Reads memory on all threads, as fast as they can: the bandwidth that a decoding step, which reads its
 * weights and caches once, is compared with. `measure` blocks, so that it fits between two steps.
 */
import { setTimeout } from 'node:timers/promises';
import { Worker } from 'node:worker_threads';
import { memoryReader, readableMemory } from '@attn/wasm/ceilings';

/** Bytes of memory: more than a processor's caches, so that each sample reads what is not in them. */
const MEMORY_BYTES = 512 * 2 ** 20;

/** Bytes that a sample reads. */
const SAMPLE_BYTES = 64 * 2 ** 20;

/** In how many places a thread reads at the same time: in one, or in as many as the kernels of steps do. */
export const PLACES = [1, 4] as const;
export type Places = (typeof PLACES)[number];

/** A function for each number of places. */
export type Readers = Readonly<Record<Places, (from: number, to: number) => void>>;

/** The readers of a memory. */
export function readersOf(memory: ReturnType<typeof readableMemory>): Readers {
  return { 1: memoryReader(memory, 1), 4: memoryReader(memory, 4) };
}

/** Indices of the words in the control block. */
export const WORD = {
  /** Grows with every sample; helpers sleep on it. */
  generation: 0,
  /** Number of helpers that have finished. */
  finished: 1,
  /** Where the sample begins, and bytes of each thread. */
  from: 2,
  bytes: 3,
  places: 4,
} as const;

/** What a helper thread gets. */
export interface ReaderService {
  readonly memory: ReturnType<typeof readableMemory>;
  readonly words: Int32Array;
  /** From 1 on: the calling thread is number 0. */
  readonly number: number;
}

export class MemoryReader {
  /** Bytes that it holds. */
  readonly heldBytes: number = MEMORY_BYTES;
  private readonly words = new Int32Array(new SharedArrayBuffer(4 * Object.keys(WORD).length));
  private readonly readers: Readers;
  private readonly helpers: readonly Worker[];
  private from = 0;

  constructor(threads: number) {
    const memory = readableMemory(MEMORY_BYTES);
    this.readers = readersOf(memory);
    const { words } = this;
    this.helpers = Array.from({ length: threads - 1 }, (_, i) => {
      const workerData: ReaderService = { memory, words, number: i + 1 };
      return new Worker(new URL('./reader-thread.js', import.meta.url), { workerData });
    });
  }

  /** Waits until all threads are there. */
  async start(): Promise<void> {
    while (Atomics.load(this.words, WORD.finished) < this.helpers.length) await setTimeout(5);
    for (const places of PLACES) this.measure(places);
  }

  /** Bytes a second of one more sample. */
  measure(places: Places = 1): number {
    const { words, helpers } = this;
    const threads = helpers.length + 1;
    const bytes = 512 * Math.floor(SAMPLE_BYTES / threads / 512);
    if (this.from + threads * bytes > MEMORY_BYTES) this.from = 0;
    words[WORD.from] = this.from;
    words[WORD.bytes] = bytes;
    words[WORD.places] = places;
    words[WORD.finished] = 0;
    const start = performance.now();
    Atomics.add(words, WORD.generation, 1);
    Atomics.notify(words, WORD.generation);
    this.readers[places](this.from, this.from + bytes);
    while (Atomics.load(words, WORD.finished) < helpers.length);
    const ms = performance.now() - start;
    this.from += threads * bytes;
    return (1000 * threads * bytes) / ms;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await Promise.all(this.helpers.map((helper) => helper.terminate()));
  }
}
