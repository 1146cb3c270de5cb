/** What all executables of a backend share: a heap, the modules that were emitted, and the threads that run them. */
import { AttnError } from '@attn/core';
import { RunQueue, type Pause, type Region } from '@attn/core/backend';
import type { ModuleBuilder } from '../assembler/index.ts';
import type { Simd } from '../kernels/arithmetic.ts';
import { Crew } from './crew.ts';
import { Heap } from './heap.ts';
import type { Job } from './job.ts';
import { ModuleStore, type LoadedModule } from './module-store.ts';
import type { StartThread } from './threads.ts';

/** An empty heap of more than this is given back when it has not been used for a while. */
const KEPT_BYTES = 64 * 2 ** 20;
const KEPT_MS = 2000;

/** Options of an engine. */
export interface EngineOptions {
  readonly simd: Simd;
  readonly sharedMemory: boolean;
  readonly threads: number;
  readonly startHelper: StartThread;
  /** The least address of the heap, for tests of high ones. */
  readonly heapStart?: number;
}

/** A heap, modules and threads. */
export class Engine {
  readonly simd: Simd;
  readonly sharedMemory: boolean;
  readonly threads: number;
  /** Runs of all executables take turns: they share the memory and the threads. */
  private readonly queue = new RunQueue();
  private readonly crew: Crew;
  private readonly heapStart: number | undefined;
  private readonly modules = new ModuleStore();
  private current: Heap | undefined;
  private timer: ReturnType<typeof setTimeout> | undefined;
  private disposed = false;

  constructor(options: EngineOptions) {
    this.simd = options.simd;
    this.sharedMemory = options.sharedMemory;
    this.threads = options.threads;
    this.heapStart = options.heapStart;
    this.crew = new Crew(options);
  }

  /** The heap to allocate from. What was allocated from it keeps it. Errors: `DISPOSED`, `OUT_OF_MEMORY`. */
  get heap(): Heap {
    if (this.disposed && this.queue.isIdle) throw disposed();
    this.current ??= new Heap({ shared: this.sharedMemory, start: this.heapStart });
    return this.current;
  }

  /** Bytes of memory that the engine holds, whether in use or not. */
  get heldBytes(): number {
    return this.current?.byteLength ?? 0;
  }

  /** Why there are no helpers any more; undefined while there may be. */
  get whyAlone(): string | undefined {
    return this.crew.whyAlone;
  }

  /** The module of that key, which says all that it is specialised to. */
  load(key: string, build: (options: { simd: Simd; sharedMemory: boolean }) => ModuleBuilder): LoadedModule {
    return this.modules.load(key, () => build(this));
  }

  /**
   * Does a task when all earlier ones have ended. Rejects with `ABORTED` as soon as a waiting task is aborted. Once the engine is disposed
   * nobody gets a turn any more: `DISPOSED`.
   */
  turn<T>(task: () => Promise<T>, signal?: AbortSignal): Promise<T> {
    if (this.disposed) return Promise.reject(disposed());
    return this.queue.run(task, signal, 'wasm/run');
  }

  /** Runs a job's tasks on all threads, within a turn. Errors: `WORKER_DIED`, and what `pause` throws. */
  run(job: Job, pause: Pause): Promise<void> {
    return this.crew.run(this.heap, job, pause);
  }

  /** Waits until all threads are ready, at most so many milliseconds; within a turn. */
  helpersReady(mostMs: number): Promise<void> {
    return this.crew.ready(this.heap, mostMs);
  }

  /** Memory for an executable's intermediates. */
  region(bytes: number): Region {
    const { heap } = this;
    const byteOffset = heap.allocate(bytes);
    return {
      get buffer() {
        return heap.buffer;
      },
      byteOffset,
      byteLength: bytes,
      release: () => {
        heap.free(byteOffset);
        this.settle();
      },
    };
  }

  /** To be called when something was freed: a heap that is big and empty is dropped after a while without use. */
  settle(): void {
    clearTimeout(this.timer);
    const heap = this.current;
    if (heap === undefined || !heap.isEmpty || heap.byteLength <= KEPT_BYTES) return;
    const timer = setTimeout(() => {
      if (this.current === heap && heap.isEmpty) this.dropHeap();
    }, KEPT_MS);
    // In Node a timer is an object, and this one must not keep the process alive.
    (timer as { unref?(): void }).unref?.();
    this.timer = timer;
  }

  /** Lets those finish whose turn has come or who wait for it, then ends the threads and drops the memory. Idempotent. */
  async dispose(): Promise<void> {
    this.disposed = true;
    clearTimeout(this.timer);
    await this.queue.run(async () => {}, undefined, 'wasm/dispose');
    await this.crew.dispose();
    this.dropHeap();
    this.modules.clear();
  }

  private dropHeap(): void {
    this.crew.leave();
    this.modules.leave();
    this.timer = undefined;
    this.current = undefined;
  }
}

function disposed(): AttnError {
  return new AttnError('DISPOSED', 'wasm/run', 'the backend has been disposed');
}
