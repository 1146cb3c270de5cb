/**
 * The values of a column over rows in some order, with the least progression that holds those of any range of
 * them: by tables whose entries cover 2ʲ blocks, two of which overlap to cover any number of blocks.
 */
import type { Column } from './column.ts';
import { union, type Progression } from './progression.ts';
import { gcd } from './runs.ts';

/** Ranges begin and end at multiples of this, and at the end. */
export const CORNER = 8;

/** Ranges that are longer than this begin and end at multiples of it. */
const BLOCK = 64;

/** Progressions, one after another. */
class Progressions {
  readonly #low: Float64Array;
  readonly #high: Float64Array;
  /** 0 where all values are equal. */
  readonly #step: Float64Array;
  readonly length: number;

  constructor(length: number) {
    this.length = length;
    this.#low = new Float64Array(length).fill(Infinity);
    this.#high = new Float64Array(length).fill(-Infinity);
    this.#step = new Float64Array(length);
  }

  /** Widens an entry, so that it holds the values from `low` to `high` by `step`. */
  widen(entry: number, low: number, high: number, step: number): void {
    const before = this.#low[entry];
    if (before === Infinity) this.#step[entry] = step;
    else if (this.#step[entry] !== 1) this.#step[entry] = gcd(gcd(this.#step[entry], step), low - before);
    if (low < before) this.#low[entry] = low;
    if (high > this.#high[entry]) this.#high[entry] = high;
  }

  /** Widens an entry, so that it holds what an entry of another list holds. */
  widenBy(entry: number, other: Progressions, from: number): void {
    this.widen(entry, other.#low[from], other.#high[from], other.#step[from]);
  }

  at(entry: number): Progression {
    return { low: this.#low[entry], high: this.#high[entry], step: this.#step[entry] };
  }
}

/** A column over the rows at `positions`, by place. */
export class ColumnTable {
  /** The value at each place. */
  readonly values: Float64Array;
  readonly #corners: Progressions;
  /** Entry i of level j holds the values of the blocks i … i + 2ʲ − 1. */
  readonly #levels: readonly Progressions[];
  /** Made when a mask is named: a search for orders names none. */
  #shapes: Int32Array | undefined;

  constructor(column: Column, positions: Int32Array) {
    const values = new Float64Array(positions.length);
    const corners = new Progressions(Math.ceil(positions.length / CORNER));
    for (let place = 0; place < values.length; place++) {
      const value = column.at(positions[place]);
      values[place] = value;
      corners.widen(Math.floor(place / CORNER), value, value, 0);
    }
    this.values = values;
    this.#corners = corners;
    const blocks = new Progressions(Math.ceil(positions.length / BLOCK));
    for (let corner = 0; corner < this.#corners.length; corner++)
      blocks.widenBy(Math.floor((corner * CORNER) / BLOCK), this.#corners, corner);
    this.#levels = levelsOf(blocks);
  }

  /** A progression that holds the values at the places `from … to` (exclusive), which are not none. */
  range(from: number, to: number): Progression {
    if (from % BLOCK !== 0 || (to - from < BLOCK && to < this.values.length)) return this.#within(from, to);
    const [first, blocks] = [from / BLOCK, Math.ceil((to - from) / BLOCK)];
    const j = 31 - Math.clz32(blocks);
    const level = this.#levels[j];
    return blocks === 1 << j ? level.at(first) : union(level.at(first), level.at(first + blocks - (1 << j)));
  }

  /** A number that blocks share whose values differ by a constant. */
  shapeOf(block: number): number {
    this.#shapes ??= shapesOf(this.values);
    return this.#shapes[block];
  }

  /** A range within a block. */
  #within(from: number, to: number): Progression {
    let corner = from / CORNER;
    let values = this.#corners.at(corner++);
    for (; corner * CORNER < to; corner++) values = union(values, this.#corners.at(corner));
    return values;
  }
}

function levelsOf(blocks: Progressions): readonly Progressions[] {
  const levels = [blocks];
  for (let half = 1; 2 * half <= blocks.length; half *= 2) {
    const level = new Progressions(blocks.length - 2 * half + 1);
    const finer = levels[levels.length - 1];
    for (let block = 0; block < level.length; block++) {
      level.widenBy(block, finer, block);
      level.widenBy(block, finer, block + half);
    }
    levels.push(level);
  }
  return levels;
}

/** Numbers the blocks by the differences of their values from the first one. */
function shapesOf(values: Float64Array): Int32Array {
  const numbers = new Map<string, number>();
  return Int32Array.from({ length: Math.ceil(values.length / BLOCK) }, (_, block) => {
    const part = values.subarray(block * BLOCK, (block + 1) * BLOCK);
    const shape = part.map((value) => value - part[0]).join();
    const number = numbers.get(shape) ?? numbers.size;
    numbers.set(shape, number);
    return number;
  });
}
