/**
 * The greatest of many numbers, found in one pass without sorting the others: a heap of the best so far,
 * whose root is the least of them. Equal numbers count in the order in which they come. It allocates only
 * when it is made.
 */
export class Largest {
  /** Numbers and what they belong to: a heap until `sort`, then the greatest first. */
  readonly values: Float32Array;
  readonly ids: Int32Array;
  size = 0;

  constructor(most: number) {
    this.values = new Float32Array(most);
    this.ids = new Int32Array(most);
  }

  /** Forgets all, to be filled again. */
  clear(): void {
    this.size = 0;
  }

  /** Takes a number, rounded to f32, if it is among the greatest. NaN never is. */
  offer(value: number, id: number): void {
    const { values, ids, size } = this;
    if (size === values.length) {
      if (!(value > values[0])) return;
      this.sink(0, size, value, id);
      return;
    }
    if (Number.isNaN(value)) return;
    let at = size;
    for (let parent = (at - 1) >> 1; at > 0; parent = (at - 1) >> 1) {
      if (!isLess(value, id, values[parent], ids[parent])) break;
      values[at] = values[parent];
      ids[at] = ids[parent];
      at = parent;
    }
    values[at] = value;
    ids[at] = id;
    this.size = size + 1;
  }

  /** Puts the greatest first. Nothing may be offered until `clear`. */
  sort(): void {
    const { values, ids } = this;
    for (let last = this.size - 1; last > 0; last--) {
      const [value, id] = [values[last], ids[last]];
      values[last] = values[0];
      ids[last] = ids[0];
      this.sink(0, last, value, id);
    }
  }

  /** Puts an entry at the root of the first `size`, and down to where it belongs. */
  private sink(root: number, size: number, value: number, id: number): void {
    const { values, ids } = this;
    let at = root;
    for (let child = 1; child < size; child = 2 * at + 1) {
      const right = child + 1;
      if (right < size && isLess(values[right], ids[right], values[child], ids[child])) child = right;
      if (!isLess(values[child], ids[child], value, id)) break;
      values[at] = values[child];
      ids[at] = ids[child];
      at = child;
    }
    values[at] = value;
    ids[at] = id;
  }
}

/** Whether an entry comes behind another: a smaller number, or an equal one with a greater id. */
function isLess(value: number, id: number, other: number, otherId: number): boolean {
  return value < other || (value === other && id > otherId);
}
