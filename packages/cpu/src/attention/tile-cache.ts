/**
 * Caches the keys and values of a head as float64 tiles, which are converted when they are first needed.
 * Neighbouring row blocks of a window, and query heads that share keys, use the same tiles again. The
 * cache is direct-mapped and bounded: memory does not grow with the sequence, and a tile that was
 * displaced is converted again.
 */
import { TILE } from '@attn/core/backend';
import { padColumns } from '../dot-tile.ts';
import { blockRows, gatherRows, gatherTransposed, type HeadRows } from './gather.ts';

/** The most bytes of converted tiles. */
const CAPACITY_BYTES = 4 * 2 ** 20;

/** The source of tiles: a head's keys and values, and the plan's order of them. */
export interface KeyValueSource {
  readonly keys: HeadRows;
  readonly values: HeadRows;
  /** Key rows in the plan's order; undefined for the natural order. */
  readonly keyIndex: Int32Array | undefined;
  /** Number of keys in the plan's order. */
  readonly keyCount: number;
}

const EMPTY = new Float64Array(0);

/**
 * A bounded cache of the converted tiles of one source at a time. Allocates its memory for the first tile.
 */
export class TileCache {
  /** [slots × 64 × D]: row j is key j of the tile. */
  keys: Float64Array = EMPTY;
  /** [slots × Dv (padded) × 64]: row d is value component d of the tile's keys. */
  values: Float64Array = EMPTY;
  /** Number of floats of a slot of `keys`. */
  readonly keySize: number;
  /** Number of floats of a slot of `values`. */
  readonly valueSize: number;

  private readonly slots: number;
  /** The tile column in each slot; −1 for none. */
  private readonly column: Int32Array;
  private readonly finite: Uint8Array;
  private readonly rows = new Int32Array(TILE);
  private source: KeyValueSource | undefined;

  /** @param columns the largest number of tile columns of any source */
  constructor(headDim: number, valueDim: number, columns: number) {
    this.keySize = TILE * headDim;
    this.valueSize = TILE * padColumns(valueDim);
    const fitting = Math.floor(CAPACITY_BYTES / (8 * (this.keySize + this.valueSize)));
    this.slots = Math.max(1, Math.min(fitting, columns));
    this.column = new Int32Array(this.slots).fill(-1);
    this.finite = new Uint8Array(this.slots);
  }

  /** The slot with tile `column` of a source. Converts the tile if it is not there. */
  slotOf(source: KeyValueSource, column: number): number {
    if (source !== this.source) {
      if (this.source === undefined || !isSameSource(this.source, source)) this.column.fill(-1);
      this.source = source;
    }
    const slot = column % this.slots;
    if (this.column[slot] !== column) {
      const { keys, values, keyIndex, keyCount } = source;
      if (this.keys === EMPTY) {
        this.keys = new Float64Array(this.slots * this.keySize);
        this.values = new Float64Array(this.slots * this.valueSize);
      }
      const count = blockRows(keyIndex, keyCount, column, this.rows);
      gatherRows(keys, this.rows, count, { out: this.keys, offset: slot * this.keySize });
      const valueTarget = { out: this.values, offset: slot * this.valueSize };
      this.finite[slot] = gatherTransposed(values, this.rows, count, valueTarget) ? 1 : 0;
      this.column[slot] = column;
    }
    return slot;
  }

  /** Whether every value in the slot is finite. */
  hasFiniteValues(slot: number): boolean {
    return this.finite[slot] === 1;
  }
}

function isSameSource(a: KeyValueSource, b: KeyValueSource): boolean {
  return (
    sameRows(a.keys, b.keys) &&
    sameRows(a.values, b.values) &&
    a.keyIndex === b.keyIndex &&
    a.keyCount === b.keyCount
  );
}

function sameRows(a: HeadRows, b: HeadRows): boolean {
  return a.data === b.data && a.origin === b.origin && a.stride === b.stride;
}
