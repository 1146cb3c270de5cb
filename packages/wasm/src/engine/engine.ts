/**
 * The parts that all executables of a backend share: a heap, the emitted modules, and the
 * threads that run them.
 */
import { AttnError } from '@attn/core';
import { RunQueue, type Pause, type Region } from '@attn/core/backend';
import type { ModuleBuilder } from '../assembler/index.ts';
import type { Simd } from '../kernels/arithmetic.ts';
import { Crew } from './crew.ts';
import { Heap } from './heap.ts';
import type { Job } from './job.ts';
import { ModuleStore, type LoadedModule } from './module-store.ts';
import type { StartThread } from './threads.ts';

/** An empty heap of at most this many bytes is never released. */
const SMALL_HEAP_BYTES = 64 * 2 ** 20;

/** Milliseconds without use after which a larger empty heap is released. */
const IDLE_MS = 2000;

/** Options of an engine. */
export interface EngineOptions {
  readonly simd: Simd;
  readonly sharedMemory: boolean;
  readonly threads: number;
  readonly startHelper: StartThread;
  /** The lowest address of the heap, for tests of high addresses. */
  readonly heapStart?: number;
}

/** A heap, modules and threads. */
export class Engine {
  readonly simd: Simd;
  readonly sharedMemory: boolean;
  readonly threads: number;
  /** Lets the runs of all executables take turns, because they share the memory and the threads. */
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

  /** The heap to allocate from. Allocations keep it alive. Errors: `DISPOSED`, `OUT_OF_MEMORY`. */
  get heap(): Heap {
    if (this.disposed && this.queue.isIdle) throw disposed();
    this.current ??= new Heap({ shared: this.sharedMemory, start: this.heapStart });
    return this.current;
  }

  /** Bytes of memory that the engine holds, in use or not. */
  get heldBytes(): number {
    return this.current?.byteLength ?? 0;
  }

  /** Why there are no more helpers; undefined while there may be some. */
  get whyAlone(): string | undefined {
    return this.crew.whyAlone;
  }

  /**
   * The module of a key, built if it is new. The key describes everything that the module is specialised to.
   */
  load(key: string, build: (options: { simd: Simd; sharedMemory: boolean }) => ModuleBuilder): LoadedModule {
    return this.modules.load(key, () => build(this));
  }

  /**
   * Runs a task when all earlier tasks have ended. Errors: `ABORTED` as soon as a waiting task is aborted;
   * `DISPOSED` once the engine is disposed.
   */
  inTurn<T>(task: () => Promise<T>, signal?: AbortSignal): Promise<T> {
    if (this.disposed) return Promise.reject(disposed());
    return this.queue.run(task, signal, 'wasm/run');
  }

  /**
   * Runs a job on all threads. Call it within `inTurn`. Errors: `WORKER_DIED`, and those that `pause` throws.
   */
  run(job: Job, pause: Pause): Promise<void> {
    return this.crew.run(this.heap, job, pause);
  }

  /** Waits until all threads are ready, for at most `timeoutMs` milliseconds. Call it within `inTurn`. */
  helpersReady(timeoutMs: number): Promise<void> {
    return this.crew.ready(this.heap, timeoutMs);
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
        this.scheduleHeapRelease();
      },
    };
  }

  /** Call it after memory was freed: a large heap that stays empty is released after a while. */
  scheduleHeapRelease(): void {
    clearTimeout(this.timer);
    const heap = this.current;
    if (heap === undefined || !heap.isEmpty || heap.byteLength <= SMALL_HEAP_BYTES) return;
    const timer = setTimeout(() => {
      if (this.current === heap && heap.isEmpty) this.releaseHeap();
    }, IDLE_MS);
    // In Node a timer is an object, and this one must not keep the process alive.
    (timer as { unref?(): void }).unref?.();
    this.timer = timer;
  }

  /** Lets running and waiting tasks finish, then ends the threads and releases the memory. Idempotent. */
  async dispose(): Promise<void> {
    this.disposed = true;
    clearTimeout(this.timer);
    await this.queue.run(async () => {}, undefined, 'wasm/dispose');
    await this.crew.dispose();
    this.releaseHeap();
    this.modules.clear();
  }

  private releaseHeap(): void {
    this.crew.unbind();
    this.modules.unbind();
    this.timer = undefined;
    this.current = undefined;
  }
}

function disposed(): AttnError {
  return new AttnError('DISPOSED', 'wasm/run', 'the backend has been disposed');
}
