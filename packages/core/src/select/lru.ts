/** A map that forgets what was not used for longest. */

/** Holds at most `capacity` entries. */
export class LruMap<V> {
  private readonly entries = new Map<string, V>();
  private readonly capacity: number;
  private readonly onEvict: (value: V) => void;

  /** @param onEvict called for every value that leaves the map */
  constructor(capacity: number, onEvict: (value: V) => void = () => {}) {
    this.capacity = capacity;
    this.onEvict = onEvict;
  }

  /** The value, which counts as used now. */
  get(key: string): V | undefined {
    const value = this.entries.get(key);
    if (value !== undefined) {
      this.entries.delete(key);
      this.entries.set(key, value);
    }
    return value;
  }

  /** Adds or replaces a value; the least recently used one may leave. */
  set(key: string, value: V): void {
    this.delete(key);
    this.entries.set(key, value);
    for (const oldest of this.entries.keys()) {
      if (this.entries.size <= this.capacity) break;
      this.delete(oldest);
    }
  }

  /** Removes a value. */
  delete(key: string): void {
    const value = this.entries.get(key);
    if (this.entries.delete(key) && value !== undefined) this.onEvict(value);
  }

  /** Removes everything. */
  clear(): void {
    for (const key of this.entries.keys()) this.delete(key);
  }
}
