/**
 * Lowers one head's pattern to tiles by descending into quadrants of the query × key plane: a quadrant that
 * is all hidden is dropped, one that is all visible becomes spans, a mixed one is split until it is a single
 * tile. So the work follows the number of tiles on the pattern's edges, never the number of cells.
 */
import type { Pattern } from '../patterns/pattern.ts';
import type { Run } from '../patterns/runs.ts';
import { TILE, type BlockPlan } from './block-plan.ts';
import { coverage, type HeadPattern } from './coverage.ts';
import { MaskStore } from './mask-store.ts';
import { positionsBetween, runsBetween, type Order } from './order.ts';
import { SpanList } from './span-list.ts';
import { SPAN_MASK } from './span-mask.ts';
import type { Steps } from '../async/steps.ts';
import { fillTileMask, rectangleMask } from './tile-mask.ts';

/** The query × key plane of one head, in chosen orders. */
export interface Plane {
  readonly headPattern: HeadPattern;
  readonly queries: Order;
  readonly keys: Order;
  /** A simpler pattern that holds for all queries and the first `keys` places of the key order. */
  readonly inner?: { readonly pattern: Pattern; readonly keys: number };
}

/** Receives the rectangles of tiles that are not empty, columns ascending within each row block. */
interface TileVisitor {
  /** Row blocks r0 … r1 and columns c0 … c1 (exclusive) are all visible. */
  all(r0: number, r1: number, c0: number, c1: number): void;
  /** A tile may be mixed: its pattern must be asked pair by pair. Return false to stop the descent. */
  some(
    rowBlock: number,
    column: number,
    queries: readonly Run[],
    keys: readonly Run[],
    headPattern: HeadPattern,
  ): boolean;
}

/** The plan of one head's pattern in the orders of the plane. `name` says which orders these are. */
export function* planBlocks(plane: Plane, name: string): Steps<BlockPlan> {
  const { queries, keys } = plane;
  const rowBlocks = Math.ceil(queries.count / TILE);
  const columns = Math.ceil(keys.count / TILE);
  const fullColumns = Math.floor(keys.count / TILE);
  const rowsOf = (rowBlock: number): number => Math.min(TILE, queries.count - rowBlock * TILE);
  const columnsOf = (column: number): number => Math.min(TILE, keys.count - column * TILE);

  const spans = new SpanList(rowBlocks);
  const masks = new MaskStore();
  const maskBySignature = new Map<string, number>();
  const remember = (signature: string, make: () => Uint32Array): number => {
    let mask = maskBySignature.get(signature);
    if (mask === undefined) {
      mask = masks.add(make());
      maskBySignature.set(signature, mask);
    }
    return mask;
  };
  const queryPositions = new Int32Array(TILE);
  const keyPositions = new Int32Array(TILE);
  let tiles = 0;
  let maskedTiles = 0;
  let computedPairs = 0;
  let allowedPairs = 0;

  const push = (rowBlock: number, column: number, count: number, mask: number): void => {
    const pairs = rowsOf(rowBlock) * (count > 1 ? count * TILE : columnsOf(column));
    spans.push(rowBlock, column, count, mask);
    tiles += count;
    computedPairs += pairs;
    allowedPairs += mask === SPAN_MASK.full ? pairs : masks.count(mask);
    if (mask !== SPAN_MASK.full) maskedTiles += count;
  };

  yield* descend(plane, {
    all(r0, r1, c0, c1) {
      const cFull = Math.min(c1, fullColumns);
      for (let r = r0; r < r1; r++) {
        if (cFull > c0) push(r, c0, cFull - c0, SPAN_MASK.full);
        if (c1 > cFull) {
          // The last, incomplete column: its absent keys need a mask.
          const rows = rowsOf(r);
          push(
            r,
            cFull,
            1,
            remember(`all:${rows}`, () => rectangleMask(rows, columnsOf(cFull))),
          );
        }
      }
    },
    some(rowBlock, column, queryRuns, keyRuns, headPattern) {
      const rows = rowsOf(rowBlock);
      const present = columnsOf(column);
      const make = (): Uint32Array => {
        positionsBetween(queries, rowBlock * TILE, rowBlock * TILE + rows, queryPositions);
        positionsBetween(keys, column * TILE, column * TILE + present, keyPositions);
        return fillTileMask(headPattern, queryPositions, rows, keyPositions, present);
      };
      const signature = tileSignature(headPattern, queryRuns, keyRuns);
      const mask = signature === undefined ? masks.add(make()) : remember(signature, make);
      if (mask !== SPAN_MASK.empty) push(rowBlock, column, 1, mask);
      return true;
    },
  });

  return {
    queryCount: queries.count,
    keyCount: keys.count,
    queryIndex: queries.index,
    keyIndex: keys.index,
    ...spans.flatten(),
    masks: masks.toArray(),
    stats: {
      rowBlocks,
      columns,
      tiles,
      maskedTiles,
      masks: masks.size,
      computedPairs,
      allowedPairs,
      order: name,
    },
  };
}

/** Counts the pairs that kernels would compute in these orders; no masks are made. Stops above `limit`. */
export function* countPairs(plane: Plane, limit: number): Steps<number> {
  const { queries, keys } = plane;
  let pairs = 0;
  const add = (r0: number, r1: number, c0: number, c1: number): void => {
    const rows = Math.min(r1 * TILE, queries.count) - r0 * TILE;
    pairs += rows * (Math.min(c1 * TILE, keys.count) - c0 * TILE);
  };
  yield* descend(plane, {
    all: add,
    some(rowBlock, column) {
      add(rowBlock, rowBlock + 1, column, column + 1);
      return pairs <= limit;
    },
  });
  return pairs;
}

/** Bytes of a plan's arrays. */
export function planBytes(plan: BlockPlan): number {
  const { rowStart, spanColumn, spanTiles, spanMask, masks, queryIndex, keyIndex } = plan;
  let bytes = 0;
  for (const array of [rowStart, spanColumn, spanTiles, spanMask, masks, queryIndex, keyIndex]) {
    bytes += array?.byteLength ?? 0;
  }
  return bytes;
}

/** Rectangles between two steps: about a millisecond of work. */
const STRIDE = 2048;

function* descend({ headPattern, queries, keys, inner }: Plane, visitor: TileVisitor): Steps<void> {
  const innerPattern = inner && { ...headPattern, pattern: inner.pattern };
  const rowBlocks = Math.ceil(queries.count / TILE);
  const columns = Math.ceil(keys.count / TILE);
  if (rowBlocks === 0 || columns === 0) return;

  // Rectangles r0, r1, c0, c1 to visit; at most three for each of the 2·31 halvings.
  const stack = new Int32Array(4 * 256);
  let top = 0;
  const push = (r0: number, r1: number, c0: number, c1: number): void => {
    if (r0 === r1 || c0 === c1) return;
    stack.set([r0, r1, c0, c1], top);
    top += 4;
  };
  push(0, rowBlocks, 0, columns);
  for (let visits = 1; top > 0; visits++) {
    if (visits % STRIDE === 0) yield;
    top -= 4;
    const r0 = stack[top];
    const r1 = stack[top + 1];
    const c0 = stack[top + 2];
    const c1 = stack[top + 3];
    const here = inner && innerPattern && c1 * TILE <= inner.keys ? innerPattern : headPattern;
    const queryRuns = runsBetween(queries, r0 * TILE, Math.min(r1 * TILE, queries.count));
    const keyRuns = runsBetween(keys, c0 * TILE, Math.min(c1 * TILE, keys.count));
    const answer = coverage(here, queryRuns, keyRuns);
    const height = r1 - r0;
    const width = c1 - c0;
    if (answer === 'all') visitor.all(r0, r1, c0, c1);
    else if (answer === 'some' && height === 1 && width === 1) {
      if (!visitor.some(r0, c0, queryRuns, keyRuns, here)) return;
    } else if (answer === 'some') {
      // Halve the longer side, or both when they are about equal. Left comes off the stack before right, so
      // that columns ascend within each row block.
      const rMid = height * 2 > width && height > 1 ? (r0 + r1 + 1) >> 1 : r1;
      const cMid = width * 2 > height && width > 1 ? (c0 + c1 + 1) >> 1 : c1;
      push(rMid, r1, cMid, c1);
      push(rMid, r1, c0, cMid);
      push(r0, rMid, cMid, c1);
      push(r0, rMid, c0, cMid);
    }
  }
}

/** A name that tiles with equal masks share; undefined for tiles of several runs. */
function tileSignature(
  headPattern: HeadPattern,
  queries: readonly Run[],
  keys: readonly Run[],
): string | undefined {
  if (queries.length > 1 || keys.length > 1) return undefined;
  const [q] = queries;
  const [k] = keys;
  const { pattern, batchRow, head } = headPattern;
  const signature = pattern.signature(batchRow, head, q, k);
  return signature === undefined ? undefined : `${signature}|${q.step},${q.count}|${k.step},${k.count}`;
}
