/**
 * A text whose every character knows the span of the original text that it stands for. Normalizers make one
 * of another; a token's offsets are the start of its first character and the end of its last. All positions
 * count UTF-16 units.
 */

import { STRIDE, type Steps } from '../steps.ts';
import type { Bounds } from './bounds.ts';
import { textOf } from './units.ts';

/** Units whose spans lie in one block: a power of two. No step handles more, and no growth copies more. */
const BLOCK_BITS = 16;
const BLOCK = 2 ** BLOCK_BITS;
const IN_BLOCK = BLOCK - 1;

/** The spans of units in the original: the start and the end of each, in blocks of `BLOCK` units. */
type Spans = readonly Int32Array[];

/** A normalized part of an original text. */
export class Aligned {
  readonly text: string;
  /** Where the part begins in the original. */
  readonly origin: number;
  /** Undefined where unit i is that at `origin + i`. */
  private readonly spans: Spans | undefined;
  /** Where in the spans those of the first unit are. */
  private readonly first: number;

  constructor(text: string, origin: number, spans?: Spans, first = 0) {
    this.text = text;
    this.origin = origin;
    this.spans = spans;
    this.first = first;
  }

  /** Where the source of the unit at `index` begins in the original. */
  startAt(index: number): number {
    if (this.spans === undefined) return this.origin + index;
    const at = this.first + index;
    return this.spans[at >> BLOCK_BITS][2 * (at & IN_BLOCK)];
  }

  /** Where the source of the last unit before `index` ends in the original. */
  endBefore(index: number): number {
    if (this.spans === undefined) return this.origin + index;
    const at = this.first + index - 1;
    return this.spans[at >> BLOCK_BITS][2 * (at & IN_BLOCK) + 1];
  }

  /** The units from `from` to `to`, with their spans. */
  slice(from: number, to: number): Aligned {
    const text = this.text.slice(from, to);
    if (this.spans === undefined) return new Aligned(text, this.origin + from);
    const origin = from === 0 ? this.origin : from < to ? this.startAt(from) : this.origin;
    return new Aligned(text, origin, this.spans, this.first + from);
  }

  /** Other units with the same spans: each unit became another one. */
  withText(text: string): Aligned {
    return new Aligned(text, this.origin, this.spans, this.first);
  }
}

/** Collects units and their spans. */
export class AlignedBuilder {
  private readonly blocks: Block[];
  /** The last block, which grows. */
  private last: Block;
  private size = 0;

  /** @param capacity units that are expected */
  constructor(capacity: number) {
    this.last = newBlock(Math.min(capacity + 16, BLOCK));
    this.blocks = [this.last];
  }

  get length(): number {
    return (this.blocks.length - 1) * BLOCK + this.size;
  }

  /** Adds one unit with the span of its source. */
  add(unit: number, start: number, end: number): void {
    if (this.size === this.last.units.length) this.extend();
    const { last, size } = this;
    last.units[size] = unit;
    last.spans[2 * size] = start;
    last.spans[2 * size + 1] = end;
    this.size = size + 1;
  }

  /** Adds a text all of whose units have one span. */
  addText(text: string, start: number, end: number): void {
    for (let i = 0; i < text.length; i++) this.add(text.charCodeAt(i), start, end);
  }

  /** Adds some units of another text, from `from` to `to`, with their spans. */
  addSlice(source: Aligned, from: number, to: number): void {
    for (let i = from; i < to; i++) {
      this.add(source.text.charCodeAt(i), source.startAt(i), source.endBefore(i + 1));
    }
  }

  /** Does what `addSlice` does for any number of units. */
  *addLongSlice(source: Aligned, from: number, to: number): Steps<void> {
    for (let at = from; at < to; at += STRIDE) {
      if (at > from) yield;
      this.addSlice(source, at, Math.min(to, at + STRIDE));
    }
  }

  /** Removes the last unit. */
  removeLast(): void {
    if (this.size === 0) {
      this.blocks.pop();
      this.last = this.blocks[this.blocks.length - 1];
      this.size = BLOCK;
    }
    this.size -= 1;
  }

  /** Whether the units end with this one. */
  endsWith(unit: number): boolean {
    if (this.size > 0) return this.last.units[this.size - 1] === unit;
    return this.blocks.length > 1 && this.blocks[this.blocks.length - 2].units[BLOCK - 1] === unit;
  }

  /** The text. `origin` is where its part begins in the original. */
  *finish(origin: number): Steps<Aligned> {
    let text = '';
    for (const block of this.blocks) {
      if (block !== this.blocks[0]) yield;
      text += textOf(block === this.last ? block.units.subarray(0, this.size) : block.units);
    }
    const spans = this.blocks.map((block) => block.spans);
    return new Aligned(text, origin, spans);
  }

  /** Makes room for one more unit. */
  private extend(): void {
    if (this.size === BLOCK) {
      this.last = newBlock(BLOCK);
      this.blocks.push(this.last);
      this.size = 0;
      return;
    }
    const { units, spans } = this.last;
    this.last = newBlock(Math.min(this.size * 2, BLOCK));
    this.last.units.set(units);
    this.last.spans.set(spans);
    this.blocks[this.blocks.length - 1] = this.last;
  }
}

/** Units and their spans. */
interface Block {
  readonly units: Uint16Array;
  readonly spans: Int32Array;
}

function newBlock(size: number): Block {
  return { units: new Uint16Array(size), spans: new Int32Array(2 * size) };
}

/** For the units of one step. */
const scratch = new Uint16Array(STRIDE);

/** A text with each unit mapped to another one, in small steps; the spans stay. */
export function* mappedUnits(source: Aligned, map: (unit: number) => number): Steps<Aligned> {
  const { text } = source;
  let mapped = '';
  for (let from = 0; from < text.length; from += STRIDE) {
    if (from > 0) yield;
    const size = Math.min(text.length - from, STRIDE);
    for (let i = 0; i < size; i++) scratch[i] = map(text.charCodeAt(from + i));
    mapped += textOf(scratch.subarray(0, size));
  }
  return source.withText(mapped);
}

/** A text in pieces. */
export interface Pieces {
  readonly source: Aligned;
  readonly bounds: Bounds;
}
