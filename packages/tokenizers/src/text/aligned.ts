/**
 * A text whose every character knows the span of the original text that it stands for. Normalizers make one
 * of another; a token's offsets are the start of its first character and the end of its last. All positions
 * count UTF-16 units.
 */

import { STRIDE, type Steps } from '../steps.ts';

/** A normalized part of an original text. */
export class Aligned {
  readonly text: string;
  /** Where the part begins in the original. */
  readonly origin: number;
  /** The spans of each unit in the original; undefined where unit i is that at `origin + i`. */
  private readonly starts: Int32Array | undefined;
  private readonly ends: Int32Array | undefined;

  constructor(text: string, origin: number, starts?: Int32Array, ends?: Int32Array) {
    this.text = text;
    this.origin = origin;
    this.starts = starts;
    this.ends = ends;
  }

  /** Whether every unit is one of the original. */
  get isIdentity(): boolean {
    return this.starts === undefined;
  }

  /** Where the source of the unit at `index` begins in the original. */
  startAt(index: number): number {
    return this.starts === undefined ? this.origin + index : this.starts[index];
  }

  /** Where the source of the last unit before `index` ends in the original. */
  endBefore(index: number): number {
    return this.ends === undefined ? this.origin + index : this.ends[index - 1];
  }

  /** The units from `from` to `to`, with their spans. */
  slice(from: number, to: number): Aligned {
    const text = this.text.slice(from, to);
    if (this.starts === undefined) return new Aligned(text, this.origin + from);
    const origin = from === 0 ? this.origin : from < to ? this.startAt(from) : this.origin;
    return new Aligned(text, origin, this.starts.subarray(from, to), this.ends?.subarray(from, to));
  }

  /** Other units with the same spans: each unit became another one. */
  withText(text: string): Aligned {
    return new Aligned(text, this.origin, this.starts, this.ends);
  }
}

/** Collects units and their spans. */
export class AlignedBuilder {
  private units: Uint16Array;
  private starts: Int32Array;
  private ends: Int32Array;
  private size = 0;

  /** @param capacity units that are expected */
  constructor(capacity: number) {
    this.units = new Uint16Array(capacity + 16);
    this.starts = new Int32Array(capacity + 16);
    this.ends = new Int32Array(capacity + 16);
  }

  get length(): number {
    return this.size;
  }

  /** Adds one unit with the span of its source. */
  add(unit: number, start: number, end: number): void {
    if (this.size === this.units.length) this.grow();
    this.units[this.size] = unit;
    this.starts[this.size] = start;
    this.ends[this.size] = end;
    this.size += 1;
  }

  /** Adds a text all of whose units have one span. */
  addText(text: string, start: number, end: number): void {
    for (let i = 0; i < text.length; i++) this.add(text.charCodeAt(i), start, end);
  }

  /** Adds units `from` to `to` of another text, with their spans. */
  addSlice(source: Aligned, from: number, to: number): void {
    for (let i = from; i < to; i++) {
      this.add(source.text.charCodeAt(i), source.startAt(i), source.endBefore(i + 1));
    }
  }

  /** Removes the last unit. */
  removeLast(): void {
    this.size -= 1;
  }

  /** Whether the units end with this one. */
  endsWith(unit: number): boolean {
    return this.size > 0 && this.units[this.size - 1] === unit;
  }

  /** The text. `origin` is where its part begins in the original. */
  finish(origin: number): Aligned {
    const text = textOf(this.units.subarray(0, this.size));
    return new Aligned(text, origin, this.starts.subarray(0, this.size), this.ends.subarray(0, this.size));
  }

  private grow(): void {
    const size = this.size * 2;
    const [units, starts, ends] = [this.units, this.starts, this.ends];
    this.units = new Uint16Array(size);
    this.starts = new Int32Array(size);
    this.ends = new Int32Array(size);
    this.units.set(units);
    this.starts.set(starts);
    this.ends.set(ends);
  }
}

/** Units as a text; a lone half of a surrogate pair stays what it is. */
export function textOf(units: Uint16Array): string {
  const pieces: string[] = [];
  for (let i = 0; i < units.length; i += 4096) {
    pieces.push(Reflect.apply(String.fromCharCode, null, units.subarray(i, i + 4096)));
  }
  return pieces.join('');
}

/** A text with each unit mapped to another one, in small steps; the spans stay. */
export function* mappedUnits(source: Aligned, map: (unit: number) => number): Steps<Aligned> {
  const { text } = source;
  const units = new Uint16Array(text.length);
  for (let from = 0; from < text.length; from += STRIDE) {
    const to = Math.min(text.length, from + STRIDE);
    for (let i = from; i < to; i++) units[i] = map(text.charCodeAt(i));
    yield;
  }
  return source.withText(textOf(units));
}

/** How many units the character at `index` has: 2 for a surrogate pair, else 1. */
export function unitsAt(text: string, index: number): 1 | 2 {
  const unit = text.charCodeAt(index);
  if (unit < 0xd800 || unit > 0xdbff) return 1;
  const next = text.charCodeAt(index + 1);
  return next >= 0xdc00 && next <= 0xdfff ? 2 : 1;
}

/** A text in pieces: piece i goes from `bounds[2 * i]` to `bounds[2 * i + 1]`. */
export interface Pieces {
  readonly source: Aligned;
  readonly bounds: readonly number[];
}
