/** The buffers that one run takes from the pool, and what becomes of them when it ends well or not. */
import type { BufferPool } from './buffer-pool.ts';

export class RunMemory {
  private readonly pool: BufferPool;
  private readonly taken = new Set<GPUBuffer>();
  private readonly kept = new Set<GPUBuffer>();

  constructor(pool: BufferPool) {
    this.pool = pool;
  }

  /** A storage buffer of at least so many bytes, holding anything. */
  acquire(bytes: number): GPUBuffer {
    return this.take(this.pool.acquire(bytes));
  }

  /** A buffer to read results from. */
  acquireStaging(bytes: number): GPUBuffer {
    return this.take(this.pool.acquireStaging(bytes));
  }

  /** This one is handed to the caller if the run ends well. */
  keep(buffer: GPUBuffer): void {
    this.kept.add(buffer);
  }

  /** Gives back what is not kept. */
  release(): void {
    for (const buffer of this.taken) if (!this.kept.has(buffer)) this.pool.release(buffer);
  }

  /** Destroys all. */
  discard(): void {
    for (const buffer of this.taken) this.pool.discard(buffer);
  }

  private take(buffer: GPUBuffer): GPUBuffer {
    this.taken.add(buffer);
    return buffer;
  }
}
