/**
 * Bounds the memory that executables keep between runs, over all of them: a graph that runs again and again
 * keeps its memory, and dozens of graphs that do not run hold little.
 */
import { LruMap } from '../util/lru.ts';

/** An executable that keeps memory between runs. */
export interface MemoryHolder {
  /** The bytes that it holds now. */
  readonly heldBytes: number;
  /** Releases the memory, unless a run is using it. */
  releaseMemory(): void;
}

/** How many executables may keep memory. */
const HOLDERS = 256;

/** How many bytes all executables of a process may keep together. */
const BYTES = 64 * 2 ** 20;

/** Bounds what idle holders hold: the longest idle release first. It does not keep holders alive. */
export class IdleMemory {
  private readonly holders: LruMap<WeakRef<MemoryHolder>>;
  private readonly keys = new WeakMap<MemoryHolder, string>();
  private readonly maxBytes: number;
  private count = 0;

  /** @param maxBytes how many bytes idle holders may hold together */
  constructor(maxBytes: number) {
    this.maxBytes = maxBytes;
    this.holders = new LruMap(HOLDERS, {
      maxWeight: maxBytes,
      weigh: (holder) => holder.deref()?.heldBytes ?? 0,
      onEvict: (holder) => holder.deref()?.releaseMemory(),
    });
  }

  /** Counts a holder as idle from now on, and releases what is too much. */
  idle(holder: MemoryHolder): void {
    if (holder.heldBytes > this.maxBytes) holder.releaseMemory();
    else this.holders.set(this.keyOf(holder), new WeakRef(holder));
  }

  /** Stops counting a holder: it is in use, or is about to release its memory. */
  remove(holder: MemoryHolder): void {
    this.holders.delete(this.keyOf(holder));
  }

  private keyOf(holder: MemoryHolder): string {
    let key = this.keys.get(holder);
    if (key === undefined) {
      key = String(this.count++);
      this.keys.set(holder, key);
    }
    return key;
  }
}

/** The memory of all idle executables of this process or worker. */
export const idleMemory: IdleMemory = new IdleMemory(BYTES);
