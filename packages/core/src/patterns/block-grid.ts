/**
 * Patterns that are constant on square blocks: a question about positions becomes one about a grid of blocks.
 * Positions outside of the grid see no key, and no query sees them.
 */
import type { Coverage, PatternDefinition } from './pattern.ts';
import { last, mod, type Run } from './runs.ts';

/** Which blocks of keys each block of queries sees. */
export interface BlockGrid {
  readonly rows: number;
  readonly columns: number;
  has(row: number, column: number): boolean;
  /** The coverage of a rectangle of blocks; both ends are inclusive, and inside of the grid. */
  coverage(rows: BlockRange, columns: BlockRange): Coverage;
}

/** A range of blocks; both ends are inclusive. */
export interface BlockRange {
  readonly from: number;
  readonly to: number;
}

/** Up to so many blocks under a pair of runs are listed, to recognise equal masks. */
const SIGNATURE_BLOCKS = 256;

/** The functions of a pattern with a grid for each head. They are exact for runs of step 1. */
export function onBlocks(
  blockSize: number,
  gridOf: (h: number) => BlockGrid,
): Pick<PatternDefinition, 'allows' | 'classify' | 'signature'> {
  const blocksOf = (run: Run): BlockRange => ({
    from: Math.floor(run.start / blockSize),
    to: Math.floor(last(run) / blockSize),
  });
  return {
    allows: (_b, h, q, k) => has(gridOf(h), Math.floor(q / blockSize), Math.floor(k / blockSize)),
    classify(_b, h, q, k) {
      const grid = gridOf(h);
      const [queries, keys] = [blocksOf(q), blocksOf(k)];
      const rows = clip(queries, grid.rows);
      const columns = clip(keys, grid.columns);
      if (rows.from > rows.to || columns.from > columns.to) return 'none';
      const answer = grid.coverage(rows, columns);
      const inside = span(rows) === span(queries) && span(columns) === span(keys);
      return answer === 'all' && !inside ? 'some' : answer;
    },
    signature(_b, h, q, k) {
      const grid = gridOf(h);
      const [rows, columns] = [blocksOf(q), blocksOf(k)];
      if (span(rows) * span(columns) > SIGNATURE_BLOCKS) return undefined;
      let bits = '';
      for (let row = rows.from; row <= rows.to; row++) {
        for (let column = columns.from; column <= columns.to; column++)
          bits += has(grid, row, column) ? '1' : '0';
      }
      return `${mod(q.start, blockSize)},${mod(k.start, blockSize)}:${bits}`;
    },
  };
}

function has(grid: BlockGrid, row: number, column: number): boolean {
  return row >= 0 && row < grid.rows && column >= 0 && column < grid.columns && grid.has(row, column);
}

function clip({ from, to }: BlockRange, count: number): BlockRange {
  return { from: Math.max(from, 0), to: Math.min(to, count - 1) };
}

function span({ from, to }: BlockRange): number {
  return to - from + 1;
}
