/**
 * Lowers one head's pattern to tiles by descending into quadrants of the query × key plane: a quadrant that
 * is all hidden is dropped, one that is all visible becomes spans, a mixed one is split until it is a single
 * tile. So the work follows the number of tiles on the pattern's edges, never the number of cells.
 */
import type { PatternOverRows } from '../patterns/pattern.ts';
import { TILE, type BlockPlan } from './block-plan.ts';
import { MaskStore } from './mask-store.ts';
import type { Order } from './order.ts';
import { SpanList } from './span-list.ts';
import { SPAN_MASK } from './span-mask.ts';
import type { Steps } from '../async/steps.ts';
import { fillTileMask, rectangleMask } from './tile-mask.ts';

/** The query × key plane of one head, in chosen orders. */
export interface Plane {
  readonly queries: Order;
  readonly keys: Order;
  /** The pattern over these rows. */
  readonly over: PatternOverRows;
  /** A simpler pattern that holds for all queries and the first `keys` places of the key order. */
  readonly inner?: { readonly over: PatternOverRows; readonly keys: number };
}

/** Receives the rectangles of tiles that are not empty, columns ascending within each row block. */
interface TileVisitor {
  /** Row blocks r0 … r1 and columns c0 … c1 (exclusive) are all visible. */
  all(r0: number, r1: number, c0: number, c1: number): void;
  /** A tile may be mixed: its pattern must be asked pair by pair. Return false to stop the descent. */
  some(rowBlock: number, column: number, over: PatternOverRows): boolean;
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
    some(rowBlock, column, over) {
      const [q, k] = [rowBlock * TILE, column * TILE];
      const [rows, present] = [rowsOf(rowBlock), columnsOf(column)];
      const make = (): Uint32Array => fillTileMask(over, q, rows, k, present);
      const signature = over.signature(q, q + rows, k, k + present);
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

/** How many rectangles a search may still ask about. */
export interface SearchBudget {
  visits: number;
}

/** Pairs that kernels compute, and those of them that are in tiles without a mask. */
export interface Count {
  pairs: number;
  open: number;
}

/** How `countPairs` counts. */
export interface CountOptions {
  /** The count stops above so many pairs. */
  readonly limit: number;
  /** The count stops when it is spent. Default: without end. */
  readonly budget?: SearchBudget;
  /** Whether a few row blocks may stand for all. */
  readonly isEstimate: boolean;
}

/** Row blocks that stand for all in an estimate. */
const SAMPLE = 12;

/**
 * Counts the pairs that kernels would compute in these orders, or estimates them; no masks are made.
 */
export function* countPairs(plane: Plane, { limit, budget, isEstimate }: CountOptions): Steps<Count> {
  const { queries, keys } = plane;
  const rowBlocks = Math.ceil(queries.count / TILE);
  const sample = isEstimate && rowBlocks > SAMPLE ? spread(rowBlocks, SAMPLE) : undefined;
  const weight = sample === undefined ? 1 : rowBlocks / SAMPLE;
  let open = 0;
  let masked = 0;
  const pairsIn = (r0: number, r1: number, c0: number, c1: number): number =>
    (Math.min(r1 * TILE, queries.count) - r0 * TILE) * (Math.min(c1 * TILE, keys.count) - c0 * TILE);
  const visitor: TileVisitor = {
    all(r0, r1, c0, c1) {
      open += pairsIn(r0, r1, c0, c1);
    },
    some(rowBlock, column) {
      masked += pairsIn(rowBlock, rowBlock + 1, column, column + 1);
      return weight * (open + masked) <= limit;
    },
  };
  yield* descend(plane, visitor, { budget, sample });
  return { pairs: weight * (open + masked), open: weight * open };
}

/**
 * `count` numbers below `total`, one in each of as many equal parts, and there at a place of its own: a
 * period of the pattern must not meet all of them.
 */
function spread(total: number, count: number): readonly number[] {
  return Array.from({ length: count }, (_, i) => Math.floor(((i + ((i * GOLDEN) % 1)) * total) / count));
}

/** Its multiples lie as evenly between integers as those of any number. */
const GOLDEN = (Math.sqrt(5) - 1) / 2;

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

function* descend(
  { queries, keys, over, inner }: Plane,
  visitor: TileVisitor,
  { budget, sample }: { readonly budget?: SearchBudget; readonly sample?: readonly number[] } = {},
): Steps<void> {
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
  if (sample === undefined) push(0, rowBlocks, 0, columns);
  else for (const rowBlock of sample.toReversed()) push(rowBlock, rowBlock + 1, 0, columns);
  for (let visits = 1; top > 0; visits++) {
    if (visits % STRIDE === 0) yield;
    if (budget !== undefined && --budget.visits <= 0) return;
    top -= 4;
    const r0 = stack[top];
    const r1 = stack[top + 1];
    const c0 = stack[top + 2];
    const c1 = stack[top + 3];
    const here = inner !== undefined && c1 * TILE <= inner.keys ? inner.over : over;
    const [q1, k1] = [Math.min(r1 * TILE, queries.count), Math.min(c1 * TILE, keys.count)];
    const answer = here.classify(r0 * TILE, q1, c0 * TILE, k1);
    const height = r1 - r0;
    const width = c1 - c0;
    if (answer === 'all') visitor.all(r0, r1, c0, c1);
    else if (answer === 'some' && height === 1 && width === 1) {
      if (!visitor.some(r0, c0, here)) return;
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
