/**
 * Columns: the parts of a formula that depend on one position only, such as the row `q.div(64)` of a picture.
 * Over any rows their values are a table, so a formula need not be taken apart again for each of its tiles.
 */
import { compileInt, type IntNode } from './expression-tree.ts';
import { spell } from './formula-words.ts';
import { valuesOf } from './interval.ts';
import { scaled, scaledRun, type Progression } from './progression.ts';
import type { Run } from './runs.ts';

/** A part of a formula that depends on the query's position only, or on the key's. */
export interface Column {
  /** The function of `i`, as it is written. Equal for equal functions, whichever side they are about. */
  readonly name: string;
  /** The value at a position. */
  readonly at: (position: number) => number;
  /** A progression that holds the values at the positions of a progression. */
  readonly over: (positions: Progression) => Progression;
  /** The value is the position. */
  readonly isPosition: boolean;
}

/** Some rows of one side: it knows the values of columns there. */
export interface Part {
  valuesOf(column: Column): Progression;
}

/** Some rows of one side within a tile, from its first row on. */
export interface TilePart extends Part {
  /** A number that tiles share where the values of a column differ by a constant. */
  shapeOf(column: Column): number;
  /** The value in the first row. */
  firstOf(column: Column): number;
}

/** The column of a tree that mentions `variable` and no other. */
export function columnOf(node: IntNode, variable: 'q' | 'k'): Column {
  const [compute, over] = [compileInt(node), valuesOf(node)];
  return {
    name: spell(node, () => 'i'),
    at: remembered((position) => compute(position, position)),
    over: (positions) => over(positions, positions),
    isPosition: node === variable,
  };
}

/** Positions beyond this are computed again each time. */
const MOST_REMEMBERED = 2 ** 22;

/**
 * A function of positions that remembers its values for the time of a planning: many orders of the same
 * positions are tried. When the planner pauses they may be forgotten.
 */
function remembered(compute: (position: number) => number): (position: number) => number {
  let memory: WeakRef<Float64Array> | undefined;
  let held: Float64Array | undefined;
  const hold = (position: number): Float64Array => {
    let values = held ?? memory?.deref();
    if (values === undefined || position >= values.length) {
      const length = Math.min(MOST_REMEMBERED, 2 ** (32 - Math.clz32(position | 1023)));
      const grown = new Float64Array(length).fill(NaN);
      if (values !== undefined) grown.set(values);
      values = grown;
      memory = new WeakRef(values);
    }
    if (held === undefined) void Promise.resolve().then(() => (held = undefined));
    return (held = values);
  };
  return (position) => {
    if (position < 0 || position >= MOST_REMEMBERED) return compute(position);
    const values = held !== undefined && position < held.length ? held : hold(position);
    const value = values[position];
    return Number.isNaN(value) ? (values[position] = compute(position)) : value;
  };
}

/** The rows at the positions of a run. */
export class RunPart implements Part {
  private readonly positions: Progression;

  constructor(run: Run) {
    this.positions = scaledRun(run, 1);
  }

  valuesOf(column: Column): Progression {
    return column.isPosition ? this.positions : column.over(this.positions);
  }
}

/** The values of `factor` times a column. */
export function multiplesOf(part: Part, column: Column, factor: number): Progression {
  const values = part.valuesOf(column);
  return factor === 1 ? values : scaled(values, factor);
}
