/** A map that forgets the entries that were not used for longest. */

/** The bounds of an `LruMap` beside the number of its entries. */
export interface LruOptions<V> {
  /** The sum of weights that the map holds at most; it always keeps the newest entry. Default: no bound. */
  readonly maxWeight?: number;
  /** The weight of a value, such as its bytes; asked when it is set, and by `reweigh`. Default 0. */
  readonly weigh?: (value: V) => number;
  /** Called for every value that leaves the map. */
  readonly onEvict?: (value: V) => void;
}

interface Entry<V> {
  readonly value: V;
  weight: number;
}

/** A map of at most `capacity` entries, which together weigh at most `maxWeight`. */
export class LruMap<V> {
  private readonly entries = new Map<string, Entry<V>>();
  private readonly capacity: number;
  private readonly maxWeight: number;
  private readonly weigh: (value: V) => number;
  private readonly onEvict: (value: V) => void;
  private weight = 0;

  constructor(
    capacity: number,
    { maxWeight = Infinity, weigh = () => 0, onEvict = () => {} }: LruOptions<V> = {},
  ) {
    this.capacity = capacity;
    this.maxWeight = maxWeight;
    this.weigh = weigh;
    this.onEvict = onEvict;
  }

  /** The value of a key, which counts as used now. */
  get(key: string): V | undefined {
    const entry = this.entries.get(key);
    if (entry === undefined) return undefined;
    this.entries.delete(key);
    this.entries.set(key, entry);
    return entry.value;
  }

  /** Adds or replaces a value; the least recently used values may leave. */
  set(key: string, value: V): void {
    this.delete(key);
    const weight = this.weigh(value);
    this.entries.set(key, { value, weight });
    this.weight += weight;
    for (const [oldest, entry] of this.entries) {
      const isFew = this.entries.size <= this.capacity;
      if ((isFew && this.weight <= this.maxWeight) || oldest === key) break;
      if (isFew && entry.weight === 0) continue; // without it, as much would be too much
      this.delete(oldest);
    }
  }

  /** Asks for the weight of a value once more, which may be less by now. */
  reweigh(key: string): void {
    const entry = this.entries.get(key);
    if (entry === undefined) return;
    const weight = this.weigh(entry.value);
    this.weight += weight - entry.weight;
    entry.weight = weight;
  }

  /** The values, the least recently used first. Reading them here does not count as a use. */
  *values(): IterableIterator<V> {
    for (const { value } of this.entries.values()) yield value;
  }

  /** The keys, the least recently used first. */
  keys(): IterableIterator<string> {
    return this.entries.keys();
  }

  /** Removes the value of a key. */
  delete(key: string): void {
    const entry = this.entries.get(key);
    if (entry === undefined) return;
    this.entries.delete(key);
    this.weight -= entry.weight;
    this.onEvict(entry.value);
  }

  /** Removes everything. */
  clear(): void {
    for (const key of this.entries.keys()) this.delete(key);
  }
}
