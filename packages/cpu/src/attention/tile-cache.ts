/**
 * The keys and values of one head as float64 tiles, converted when first needed and kept while they fit.
 * Neighbouring row blocks of a window and the query heads of one group read the same tiles again. The store is
 * direct-mapped and bounded: memory does not grow with the sequence, and a tile that was displaced is simply
 * converted again.
 */
import { TILE } from '@attn/core/backend';
import { padColumns } from '../dot-tile.ts';
import { blockRows, gatherRows, gatherTransposed, type HeadRows } from './gather.ts';

/** Bytes of scratch for converted tiles. */
const CAPACITY_BYTES = 4 * 2 ** 20;

/** What the tiles are cut from: one key/value head and the plan's order of its keys. */
export interface KeyValueSource {
  readonly keys: HeadRows;
  readonly values: HeadRows;
  /** Virtual key → key row; undefined for the identity. */
  readonly keyIndex: Int32Array | undefined;
  /** Number of virtual keys. */
  readonly keyCount: number;
}

const NOTHING = new Float64Array(0);

/** A bounded store of converted tiles; see above. Allocates when the first tile is asked for. */
export class TileCache {
  /** [slots × 64 × D]: row j is key j of the tile. */
  keys: Float64Array = NOTHING;
  /** [slots × Dv (padded) × 64]: row d is value component d of the tile's keys. */
  values: Float64Array = NOTHING;
  /** Floats of one slot of `keys`. */
  readonly keySize: number;
  /** Floats of one slot of `values`. */
  readonly valueSize: number;

  private readonly slots: number;
  /** Which tile column each slot holds; −1 for none. */
  private readonly column: Int32Array;
  private readonly finite: Uint8Array;
  private readonly rows = new Int32Array(TILE);
  private source: KeyValueSource | undefined;

  /** @param columns the most tile columns that any source will have */
  constructor(headDim: number, valueDim: number, columns: number) {
    this.keySize = TILE * headDim;
    this.valueSize = TILE * padColumns(valueDim);
    const fitting = Math.floor(CAPACITY_BYTES / (8 * (this.keySize + this.valueSize)));
    this.slots = Math.max(1, Math.min(fitting, columns));
    this.column = new Int32Array(this.slots).fill(-1);
    this.finite = new Uint8Array(this.slots);
  }

  /** Turns to another head or order, unless it is the one at hand. */
  use(source: KeyValueSource): void {
    const { keys, values, keyIndex, keyCount } = source;
    const last = this.source;
    const same =
      last !== undefined &&
      sameRows(last.keys, keys) &&
      sameRows(last.values, values) &&
      last.keyIndex === keyIndex &&
      last.keyCount === keyCount;
    if (!same) this.column.fill(-1);
    this.source = source;
  }

  /** The slot that holds tile `column`, converted now if it is not there. */
  slotOf(column: number): number {
    const slot = column % this.slots;
    if (this.column[slot] !== column && this.source !== undefined) {
      const { keys, values, keyIndex, keyCount } = this.source;
      if (this.keys === NOTHING) {
        this.keys = new Float64Array(this.slots * this.keySize);
        this.values = new Float64Array(this.slots * this.valueSize);
      }
      const count = blockRows(keyIndex, keyCount, column, this.rows);
      gatherRows(keys, this.rows, count, 1, this.keys, slot * this.keySize);
      const finite = gatherTransposed(values, this.rows, count, this.values, slot * this.valueSize);
      this.finite[slot] = finite ? 1 : 0;
      this.column[slot] = column;
    }
    return slot;
  }

  /** Whether every value in the slot is finite. */
  hasFiniteValues(slot: number): boolean {
    return this.finite[slot] === 1;
  }
}

function sameRows(a: HeadRows, b: HeadRows): boolean {
  return a.data === b.data && a.origin === b.origin && a.stride === b.stride;
}
