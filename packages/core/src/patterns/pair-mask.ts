/** Who sees whom as a table that comes with the call: the boolean mask of other libraries, planned. */
import { hashMask, hashRows } from '../plan/hash-rows.ts';
import { unboundPattern } from './batch-rows.ts';
import { defineBuiltIn } from './define-pattern.ts';
import { invalidPattern } from './options.ts';
import type { Coverage, PairMask, Pattern, PatternSizes } from './pattern.ts';
import { last, type Run } from './runs.ts';

/** The pattern of the run-time input `mask`: a pair is allowed where the mask is not 0. */
export function pairMask(): Pattern {
  return unboundPattern({ type: 'pairMask', isLimit: true, input: 'mask', bindData: maskOf });
}

function maskOf(mask: PairMask): Pattern {
  const { shape, data, queryOffset } = mask;
  const [batch, heads, queries, keys] = [...new Array<number>(4 - shape.length).fill(1), ...shape];
  const cells = data instanceof Uint8Array ? data : Uint8Array.from(data);
  const tables = new Map<number, PairTable>();
  const at = (b: number, h: number): PairTable => {
    const number = (batch === 1 ? 0 : b) * heads + (heads === 1 ? 0 : h);
    let table = tables.get(number);
    if (table === undefined) {
      const from = number * queries * keys;
      table = new PairTable(cells.subarray(from, from + queries * keys), queries, keys);
      tables.set(number, table);
    }
    return table;
  };
  const rowsOf = (run: Run): Run => ({ ...run, start: run.start - queryOffset });
  return defineBuiltIn(
    {
      type: 'pairMask',
      isLimit: true,
      allows: (b, h, q, k) => at(b, h).has(q - queryOffset, k),
      classify: (b, h, q, k) => at(b, h).classify(rowsOf(q), k),
      variant: (b, h) => at(b, h).name,
      validate(sizes) {
        for (const [i, extent] of [sizes.batch, sizes.heads, sizes.queryLength, sizes.keyLength].entries()) {
          const own = [batch, heads, queries, keys][i];
          if (own !== 1 && own !== extent) throw misfit(shape, sizes);
        }
      },
    },
    () => `pairMask:${hashMask(mask)}`,
  );
}

function misfit(shape: readonly number[], sizes: PatternSizes): Error {
  const { batch, heads, queryLength, keyLength } = sizes;
  return invalidPattern(`mask to broadcast to [${[batch, heads, queryLength, keyLength].join(', ')}]`, shape);
}

/** Counts are kept for corners of so many rows and columns. */
const CORNER = 8;

/** The mask of one head. An extent of 1 holds for all rows, or for all columns. */
class PairTable {
  /** A name that equal masks share. */
  readonly name: string;
  readonly #cells: Uint8Array;
  readonly #rows: number;
  readonly #columns: number;
  /** [corner rows + 1, corner columns + 1]: the allowed pairs in the corners above and to the left. */
  readonly #counts: Float64Array;
  readonly #width: number;

  constructor(cells: Uint8Array, rows: number, columns: number) {
    this.name = hashRows({ batch: rows, length: columns, data: cells });
    this.#cells = cells;
    this.#rows = rows;
    this.#columns = columns;
    this.#width = Math.ceil(columns / CORNER) + 1;
    this.#counts = countsOf(cells, rows, columns, this.#width);
  }

  has(row: number, column: number): boolean {
    const [r, c] = [this.#rows === 1 ? 0 : row, this.#columns === 1 ? 0 : column];
    const isInside = r >= 0 && r < this.#rows && c >= 0 && c < this.#columns;
    return isInside && this.#cells[r * this.#columns + c] !== 0;
  }

  /** The coverage of the rectangle around two runs. */
  classify(queries: Run, keys: Run): Coverage {
    const rows = rangeOf(queries, this.#rows);
    const columns = rangeOf(keys, this.#columns);
    if (rows.from >= rows.to || columns.from >= columns.to) return 'none';
    const answer = this.#coverage(rows, columns);
    return answer === 'all' && !(rows.isWhole && columns.isWhole) ? 'some' : answer;
  }

  #coverage(rows: Range, columns: Range): Coverage {
    // Corners that are inside count as a whole; the edges around them are read cell by cell.
    const [r0, c0] = [rows, columns].map(({ from }) => Math.ceil(from / CORNER));
    const [r1, c1] = [cornersBefore(rows.to, this.#rows), cornersBefore(columns.to, this.#columns)];
    if (r0 >= r1 || c0 >= c1) return this.#ofCells(rows.from, rows.to, columns.from, columns.to);
    const [top, bottom] = [r0 * CORNER, Math.min(r1 * CORNER, this.#rows)];
    const [left, right] = [c0 * CORNER, Math.min(c1 * CORNER, this.#columns)];
    const count = this.#count(r0, r1, c0, c1);
    const inside = count === 0 ? 'none' : count === (bottom - top) * (right - left) ? 'all' : 'some';
    const edges = [
      [rows.from, top, columns.from, columns.to],
      [bottom, rows.to, columns.from, columns.to],
      [top, bottom, columns.from, left],
      [top, bottom, right, columns.to],
    ] as const;
    const differs = edges.some(
      ([a, b, c, d]) => a < b && c < d && (inside === 'some' || this.#ofCells(a, b, c, d) !== inside),
    );
    return differs ? 'some' : inside;
  }

  #count(r0: number, r1: number, c0: number, c1: number): number {
    const at = (row: number, column: number): number => this.#counts[row * this.#width + column];
    return at(r1, c1) - at(r0, c1) - at(r1, c0) + at(r0, c0);
  }

  #ofCells(r0: number, r1: number, c0: number, c1: number): Coverage {
    const first = this.#cells[r0 * this.#columns + c0] !== 0;
    for (let row = r0; row < r1; row++) {
      for (let at = row * this.#columns + c0; at < row * this.#columns + c1; at++)
        if ((this.#cells[at] !== 0) !== first) return 'some';
    }
    return first ? 'all' : 'none';
  }
}

/** Rows or columns from … to (exclusive), and whether none of the run is outside of the mask. */
interface Range {
  readonly from: number;
  readonly to: number;
  readonly isWhole: boolean;
}

function rangeOf(run: Run, extent: number): Range {
  if (extent === 1) return { from: 0, to: 1, isWhole: true };
  const [from, to] = [Math.max(0, run.start), Math.min(extent, last(run) + 1)];
  return { from, to, isWhole: from === run.start && to === last(run) + 1 };
}

/** The corners that end at or before `to`; the last one may be smaller than others. */
function cornersBefore(to: number, extent: number): number {
  return to === extent ? Math.ceil(to / CORNER) : Math.floor(to / CORNER);
}

function countsOf(cells: Uint8Array, rows: number, columns: number, width: number): Float64Array {
  const counts = new Float64Array((Math.ceil(rows / CORNER) + 1) * width);
  for (let row = 0; row < rows; row++) {
    const base = (Math.floor(row / CORNER) + 1) * width + 1;
    for (let column = 0, at = row * columns; column < columns; column++, at++)
      if (cells[at] !== 0) counts[base + (column >> 3)] += 1;
  }
  for (let at = width; at < counts.length; at++) {
    const isFirst = at % width === 0;
    counts[at] += counts[at - width] + (isFirst ? 0 : counts[at - 1] - counts[at - width - 1]);
  }
  return counts;
}
