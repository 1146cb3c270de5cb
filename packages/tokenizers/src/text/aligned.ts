/**
 * A text whose every character knows the span of the original text that it stands for. Normalizers make one
 * of another; a token's offsets are the start of its first character and the end of its last. All positions
 * count UTF-16 units.
 */

import { STRIDE, type Steps } from '../steps.ts';
import type { Bounds } from './bounds.ts';
import { TextJoiner, textOf } from './units.ts';

/** Units whose spans lie in one block: a power of two. No growth copies more. */
const BLOCK_BITS = 16;
const BLOCK = 2 ** BLOCK_BITS;
const IN_BLOCK = BLOCK - 1;

/** Units of a builder at least: the spans of so many need no memory outside of V8's own heap. */
const FEW = 8;

/**
 * The spans of `BLOCK` units in the original: the start and the end of each, or where the first one starts if
 * each is one unit of the original and they follow each other.
 */
type Spans = Int32Array | number;

/** A normalized part of an original text. */
export class Aligned {
  readonly text: string;
  /** Where the part begins in the original. */
  readonly origin: number;
  /** Undefined where unit i is that at `origin + i`. */
  private readonly spans: readonly Spans[] | undefined;
  /** Where in the spans those of the first unit are. */
  private readonly first: number;

  constructor(text: string, origin: number, spans?: readonly Spans[], first = 0) {
    this.text = text;
    this.origin = origin;
    this.spans = spans;
    this.first = first;
  }

  /** Where the source of the unit at `index` begins in the original. */
  startAt(index: number): number {
    if (this.spans === undefined) return this.origin + index;
    const at = this.first + index;
    const spans = this.spans[at >> BLOCK_BITS];
    return typeof spans === 'number' ? spans + (at & IN_BLOCK) : spans[2 * (at & IN_BLOCK)];
  }

  /** Where the source of the last unit before `index` ends in the original. */
  endBefore(index: number): number {
    if (this.spans === undefined) return this.origin + index;
    const at = this.first + index - 1;
    const spans = this.spans[at >> BLOCK_BITS];
    return typeof spans === 'number' ? spans + (at & IN_BLOCK) + 1 : spans[2 * (at & IN_BLOCK) + 1];
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
  /** Full blocks. */
  private readonly text = new TextJoiner();
  private readonly spans: Spans[] = [];
  /** The block that grows. */
  private units: Uint16Array;
  private starts = 0;
  /** Undefined while `starts` says it all. */
  private own: Int32Array | undefined;
  private size = 0;

  /** @param capacity units that are expected */
  constructor(capacity: number) {
    this.units = new Uint16Array(Math.min(Math.max(capacity, FEW), BLOCK));
  }

  get length(): number {
    return this.spans.length * BLOCK + this.size;
  }

  /** Adds one unit with the span of its source. */
  add(unit: number, start: number, end: number): void {
    if (this.size === this.units.length) this.extend();
    const { size } = this;
    if (size === 0) this.starts = start;
    this.units[size] = unit;
    this.size = size + 1;
    if (this.own === undefined) {
      if (start === this.starts + size && end === start + 1) return;
      this.own = this.spelledOut(size);
    }
    this.own[2 * size] = start;
    this.own[2 * size + 1] = end;
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

  /** The text. `origin` is where its part begins in the original. */
  finish(origin: number): Aligned {
    this.text.add(textOf(this.units, this.size));
    const text = this.text.finish();
    if (this.spans.length === 0 && this.own === undefined && (this.starts === origin || this.size === 0))
      return new Aligned(text, origin);
    return new Aligned(text, origin, [...this.spans, this.own ?? this.starts]);
  }

  /** Makes room for one more unit. */
  private extend(): void {
    if (this.size === BLOCK) {
      this.text.add(textOf(this.units, BLOCK));
      this.spans.push(this.own ?? this.starts);
      this.own = undefined;
      this.size = 0;
      return;
    }
    const { units, own } = this;
    this.units = new Uint16Array(Math.min(this.size * 2, BLOCK));
    this.units.set(units);
    if (own === undefined) return;
    this.own = new Int32Array(2 * this.units.length);
    this.own.set(own);
  }

  /** The spans of the first units of the block. */
  private spelledOut(size: number): Int32Array {
    const own = new Int32Array(2 * this.units.length);
    for (let i = 0; i < size; i++) {
      own[2 * i] = this.starts + i;
      own[2 * i + 1] = this.starts + i + 1;
    }
    return own;
  }
}

/** For the units of one step. */
const scratch = new Uint16Array(STRIDE);

/** A text with each unit mapped to another one, in small steps; the spans stay. */
export function* mappedUnits(source: Aligned, map: (unit: number) => number): Steps<Aligned> {
  const { text } = source;
  const mapped = new TextJoiner();
  for (let from = 0; from < text.length; from += STRIDE) {
    if (from > 0) yield;
    const size = Math.min(text.length - from, STRIDE);
    for (let i = 0; i < size; i++) scratch[i] = map(text.charCodeAt(from + i));
    mapped.add(textOf(scratch, size));
  }
  return source.withText(mapped.finish());
}

/** A text with one unit in the place of another everywhere; the spans stay. */
export function* withUnit(source: Aligned, unit: string, instead: string): Steps<Aligned> {
  const { text } = source;
  if (!text.includes(unit)) return source;
  const changed = new TextJoiner();
  for (let from = 0; from < text.length; from += STRIDE) {
    if (from > 0) yield;
    changed.add(text.slice(from, from + STRIDE).replaceAll(unit, instead));
  }
  return source.withText(changed.finish());
}

/** A text in pieces. */
export interface Pieces {
  readonly source: Aligned;
  readonly bounds: Bounds;
}
