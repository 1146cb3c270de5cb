/**
 * Orders of the tokens that may help a formula. A remainder of the distance asks for an order by residue.
 * What compares a function of the query with a function of the key asks for an order by that function, and
 * several such functions are the coordinates of a canvas: in boxes of it, neighbours in all directions stay
 * together.
 */
import type { LinearTest } from './classifier.ts';
import type { Column } from './column.ts';
import type { OrderAttempt, OrderHint } from './pattern.ts';
import { TILE } from '../plan/block-plan.ts';
import type { Target } from './progression.ts';

type Rank = OrderAttempt['ranks'][number];

/** A formula of more functions is no canvas. */
const MOST_COORDINATES = 4;

/** Orders to try for a formula of these comparisons, the most promising first. */
export function ordersOf(comparisons: readonly LinearTest[]): readonly OrderHint[] {
  const moduli = new Set<number>();
  const coordinates = new Map<string, Column>();
  const parts = new Map<string, Rank>();
  for (const { q, k, target } of comparisons) {
    if (q.column === undefined || k.column === undefined) {
      const { factor, column } = q.column === undefined ? k : q;
      if (column === undefined) continue;
      const isInside = ({ low, high }: Target, x: number): boolean => x >= low && x <= high;
      const name = `${factor}·${column.name} ${target.low} ${target.high}`;
      parts.set(name, (position) => (isInside(target, factor * column.at(position)) ? 1 : 0));
      continue;
    }
    if (q.column.isPosition && k.column.isPosition) {
      if (target.modulus > 1) moduli.add(target.modulus);
      continue;
    }
    // The key's function: that of the query often has limits, where windows are moved inwards at an edge.
    const column = k.column.isPosition ? q.column : k.column;
    coordinates.set(column.name, column);
  }
  const columns = [...coordinates.values()].slice(0, MOST_COORDINATES);
  const before = [...parts.values()].slice(0, MOST_COORDINATES);
  return [
    ...[...moduli].map((modulus) => ({ modulus })),
    ...(columns.length > 1 ? [boxes(columns)] : []).map(behind(before)),
    ...columns.map(({ name, at }) => ({ name: `by ${short(name)}`, ranks: [at] })).map(behind(before)),
  ];
}

/** The order within parts that formulas treat apart, such as text before a picture. */
function behind(before: readonly Rank[]): (attempt: OrderAttempt) => OrderHint {
  return ({ name, ranks }) => ({ attempt: { name, ranks: [...before, ...ranks] } });
}

/** Names of orders are read in a line of `explain`. */
const LONGEST_NAME = 48;

function short(name: string): string {
  return name.length > LONGEST_NAME ? `${name.slice(0, LONGEST_NAME)}…` : name;
}

/** Boxes of as many tokens as a tile has, with sides as equal as powers of two can be. */
function boxes(columns: readonly Column[]): OrderAttempt {
  const sides = columns.map(() => 1);
  for (let cells = 1, axis = columns.length - 1; cells < TILE; cells *= 2) {
    sides[axis] *= 2;
    axis = axis === 0 ? columns.length - 1 : axis - 1;
  }
  return {
    name: `in boxes of ${sides.join(' × ')}`,
    ranks: [
      ...columns.map(
        ({ at }, axis) =>
          (position: number): number =>
            Math.floor(at(position) / sides[axis]),
      ),
      ...columns.map(({ at }) => at),
    ],
  };
}
