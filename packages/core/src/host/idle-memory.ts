/**
 * Memory that executables keep between runs, bounded over all of them: a graph that runs again and again
 * finds its memory where it was, and dozens that do not run hold little.
 */
import { LruMap } from '../util/lru.ts';

/** What keeps memory. */
export interface MemoryHolder {
  /** Bytes that it holds now. */
  readonly heldBytes: number;
  /** Gives them up, unless they are in use. */
  releaseMemory(): void;
}

/** How many executables may keep memory, and how many bytes together. */
const HOLDERS = 256;
const BYTES = 64 * 2 ** 20;

/**
 * Bounds what idle holders hold; those that were idle for longest give up theirs first. It keeps no holder
 * alive.
 */
export class IdleMemory {
  private readonly holders: LruMap<WeakRef<MemoryHolder>>;
  private readonly keys = new WeakMap<MemoryHolder, string>();
  private readonly maxBytes: number;
  private count = 0;

  /** @param maxBytes how much idle holders may hold together */
  constructor(maxBytes: number) {
    this.maxBytes = maxBytes;
    this.holders = new LruMap(HOLDERS, {
      maxWeight: maxBytes,
      weigh: (holder) => holder.deref()?.heldBytes ?? 0,
      onEvict: (holder) => holder.deref()?.releaseMemory(),
    });
  }

  /** The holder, which was removed before, is idle from now on; what is too much is released. */
  idle(holder: MemoryHolder): void {
    if (holder.heldBytes > this.maxBytes) holder.releaseMemory();
    else this.holders.set(this.keyOf(holder), new WeakRef(holder));
  }

  /** The holder no longer counts: it is in use, or it is idle and to give up what it holds. */
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

/** The one of this process or worker. */
export const idleMemory: IdleMemory = new IdleMemory(BYTES);
