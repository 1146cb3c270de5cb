/** From the states of windows to the result: vectors of groups of tokens, or the states of all tokens. */
import { f32, type Tensor } from '@attn/core';
import { Pool, type PoolingMode } from '../sentence/pooling.ts';
import type { TextWindow } from './windows.ts';

/** Tokens that become one vector: those from `from` to before `to` of a text. */
export interface TokenGroup {
  readonly text: number;
  readonly from: number;
  readonly to: number;
  /**
   * Whether it is the text as a whole. Then `cls` is the mean of the first tokens of its windows, and
   * `lasttoken` that of the last ones.
   */
  readonly isText: boolean;
}

/** What is read of a window. */
export type WindowStates = Pick<TextWindow, 'text' | 'parts' | 'share'>;

/** A row of a window's states, and what it is the state of. */
interface PooledRow {
  readonly row: number;
  readonly at: number;
  readonly share: number;
}

/** Makes a vector of each group, from the states of windows as they come; keeps only sums. */
export class VectorGatherer {
  private readonly modes: readonly PoolingMode[];
  private readonly groups: readonly TokenGroup[];
  /** Numbers of groups by text. */
  private readonly byText = new Map<number, number[]>();
  private readonly pools: (readonly Pool[])[] = [];
  private width = 0;

  /** `modes` are the ways whose vectors stand one behind the other. */
  constructor(modes: readonly PoolingMode[], groups: readonly TokenGroup[]) {
    this.modes = modes;
    this.groups = groups;
    for (const [i, { text }] of groups.entries()) {
      const numbers = this.byText.get(text) ?? [];
      numbers.push(i);
      this.byText.set(text, numbers);
    }
  }

  /** Adds a window, whose states are row `row` of the tensor `states` [rows, length, width]. */
  add(window: WindowStates, states: Tensor, row: number): void {
    const [, length, width] = states.shape;
    this.width = width;
    const start = row * length * width;
    const first = Math.min(...window.parts.map(({ at }) => at));
    const after = Math.max(...window.parts.map(({ at, from, to }) => at + to - from));
    for (const number of this.byText.get(window.text) ?? []) {
      const pools = (this.pools[number] ??= this.modes.map((mode) => new Pool(mode, width)));
      const { isText, from, to } = this.groups[number];
      if (!isText && (to <= first || from >= after)) continue; // most chunks of a book are in other windows
      for (const [i, mode] of this.modes.entries())
        for (const { row: token, at, share } of rowsFor(mode, window, this.groups[number]))
          pools[i].add(states.data.subarray(start + token * width, start + (token + 1) * width), at, share);
    }
  }

  /** Returns [groups, width of all modes]: the vector of each group. */
  vectors(): Tensor<'f32'> {
    const width = this.width * this.modes.length;
    const data = new Float32Array(this.groups.length * width);
    this.pools.forEach((pools, group) =>
      pools.forEach((pool, i) => data.set(pool.vector(), group * width + i * this.width)),
    );
    return f32([this.groups.length, width], data);
  }
}

/** The rows of a window that a way of pooling looks at. */
function rowsFor(mode: PoolingMode, window: WindowStates, group: TokenGroup): readonly PooledRow[] {
  const { from, to, isText } = group;
  if (mode === 'cls')
    return isText ? endOf(window, group, 'first') : rowsBetween(window, from, Math.min(from + 1, to));
  if (mode === 'lasttoken')
    return isText ? endOf(window, group, 'last') : rowsBetween(window, Math.max(from, to - 1), to);
  return rowsBetween(window, from, to);
}

/** The states of a text's tokens from `from` to before `to`, as far as the window has them. */
function rowsBetween({ parts }: WindowStates, from: number, to: number): readonly PooledRow[] {
  return parts.flatMap((part) => {
    const [start, end] = [Math.max(from, part.at), Math.min(to, part.at + part.to - part.from)];
    return Array.from({ length: Math.max(end - start, 0) }, (_, i) => ({
      row: part.from + start - part.at + i,
      at: start + i,
      share: part.share,
    }));
  });
}

/** The first or the last row of a window. Tokens before those of the group are passed over. */
function endOf(window: WindowStates, { from }: TokenGroup, end: 'first' | 'last'): readonly PooledRow[] {
  const { parts, share } = window;
  const first = Math.min(...parts.map((part) => part.from));
  const last = Math.max(...parts.map((part) => part.to)) - 1;
  if (from === 0) return [{ row: end === 'first' ? first : last, at: 0, share }];
  const rowsOfGroup = rowsBetween(window, from, Infinity);
  const match = rowsOfGroup.at(end === 'first' ? 0 : -1);
  return match === undefined ? [] : [{ ...match, share }];
}

/** Keeps the states of all tokens. */
export class StateGatherer {
  private readonly counts: readonly number[];
  private readonly states: Float32Array[] = [];
  private width = 0;

  /** `counts`: number of tokens of each text. */
  constructor(counts: readonly number[]) {
    this.counts = counts;
  }

  /** Adds a window, whose states are row `row` of the tensor `states` [rows, length, width]. */
  add({ text, parts }: WindowStates, states: Tensor, row: number): void {
    const [, length, width] = states.shape;
    this.width = width;
    const start = row * length * width;
    this.states[text] ??= new Float32Array(this.counts[text] * width);
    for (const { from, to, at, share } of parts) {
      const terms = states.data.subarray(start + from * width, start + to * width);
      const sum = this.states[text].subarray(at * width);
      for (let i = 0; i < terms.length; i++) sum[i] += terms[i] * share;
    }
  }

  /** Returns the states [tokens, width] of each text. */
  tokenStates(): readonly Tensor<'f32'>[] {
    return this.counts.map((count, text) =>
      f32([count, this.width], this.states[text] ?? new Float32Array(0)),
    );
  }
}

/** The first dimensions of each row. */
export function firstDimensions(matrix: Tensor<'f32'>, dimensions: number | undefined): Tensor<'f32'> {
  const { shape, data } = matrix;
  const [rows, width] = shape;
  if (dimensions === undefined || dimensions >= width) return matrix;
  const rest = new Float32Array(rows * dimensions);
  for (let row = 0; row < rows; row++)
    rest.set(data.subarray(row * width, row * width + dimensions), row * dimensions);
  return f32([rows, dimensions], rest);
}
