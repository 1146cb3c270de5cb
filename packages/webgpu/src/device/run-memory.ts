/** The buffers that one run takes from the pool: returned after a success, destroyed after a fault. */
import type { BufferPool } from './buffer-pool.ts';

/** The buffers of one run. */
export class RunMemory {
  private readonly pool: BufferPool;
  private readonly acquired = new Set<GPUBuffer>();
  /** Buffers that belong to the caller after the run. */
  private readonly retained = new Set<GPUBuffer>();

  constructor(pool: BufferPool) {
    this.pool = pool;
  }

  /** A storage buffer of at least `bytes` bytes, with arbitrary contents. */
  acquire(bytes: number): GPUBuffer {
    return this.record(this.pool.acquire(bytes));
  }

  /** A buffer of at least `bytes` bytes that the host can map to read results. */
  acquireStaging(bytes: number): GPUBuffer {
    return this.record(this.pool.acquireStaging(bytes));
  }

  /** Leaves a buffer to the caller if the run succeeds. */
  retain(buffer: GPUBuffer): void {
    this.retained.add(buffer);
  }

  /** Returns all buffers to the pool, except those that are retained. */
  release(): void {
    for (const buffer of this.acquired) if (!this.retained.has(buffer)) this.pool.release(buffer);
  }

  /** Destroys all buffers. */
  discard(): void {
    for (const buffer of this.acquired) this.pool.discard(buffer);
  }

  private record(buffer: GPUBuffer): GPUBuffer {
    this.acquired.add(buffer);
    return buffer;
  }
}
