/**
 * Kinds of row blocks: those of a kind have keys that are equally far from their queries, and the same masks.
 * What depends on distances only is computed once for each kind and head in a run, and steps read it as a
 * whole.
 */
import { TILE, type AttentionProblem } from '@attn/core/backend';
import type { OnnxModelBuilder } from '../../model/onnx-model-builder.ts';
import type { Name } from '../../model/values.ts';
import { HIDE_ALL } from './mask-table.ts';
import { MOST_NUMBERS } from './offset-bias.ts';
import type { ScheduledBin } from './schedule.ts';

/** So many row blocks read a table, or it is not worth its memory. */
const LEAST_READERS = 2;

/** The kinds of a bin's row blocks. */
export interface BlockKinds {
  readonly count: number;
  /** [steps · blocks]: the kind of each row block. */
  readonly kindOf: Int32Array;
  /** [count]: a row block of each kind. */
  readonly examples: readonly number[];
}

/** Keys of a pool and their positions, and the masks of a schedule. */
interface PositionedKeys {
  readonly positions: Int32Array;
  readonly keyCounts: Uint8Array;
  /** [masks · 4096] of 0 and 1. */
  readonly masks: Uint8Array;
}

/** The kinds of a bin's row blocks; undefined where there are more than `most`. */
export function blockKinds(
  bin: ScheduledBin,
  { positions, keyCounts }: Omit<PositionedKeys, 'masks'>,
  queryLength: number,
  most: number,
): BlockKinds | undefined {
  const count = bin.steps * bin.blocks;
  const kindOf = new Int32Array(count);
  const kinds = new Map<string, number>();
  const examples: number[] = [];
  /** The first positions, from the first query on, and how many there are. */
  const describe = (block: number): string => {
    const query = bin.rows[block * TILE] % queryLength;
    const tiles = tilesOf(bin, block).map((tile) =>
      tile === undefined ? '' : `${positions[tile * TILE] - query}:${keyCounts[tile]}`,
    );
    const masks = bin.masks.subarray(block * bin.maskedTiles, (block + 1) * bin.maskedTiles);
    return `${rowsOf(bin, block)} ${tiles.join()} ${masks.join()}`;
  };
  /** Whether two row blocks that begin alike have all positions alike. */
  const areAlike = (a: number, b: number): boolean => {
    const query = (block: number, row: number): number => bin.rows[block * TILE + row] % queryLength;
    const moved = query(b, 0) - query(a, 0);
    for (let row = 0; row < rowsOf(bin, a); row++) if (query(b, row) - query(a, row) !== moved) return false;
    const tiles = tilesOf(bin, b);
    return tilesOf(bin, a).every((tile, index) => {
      const other = tiles[index];
      if (tile === undefined || other === undefined) return true;
      for (let key = 0; key < keyCounts[tile]; key++)
        if (positions[other * TILE + key] - positions[tile * TILE + key] !== moved) return false;
      return true;
    });
  };
  for (let block = 0; block < count; block++) {
    const key = describe(block);
    const kind = kinds.get(key) ?? examples.push(block) - 1;
    if (examples.length > most || !areAlike(examples[kind], block)) return undefined;
    kinds.set(key, kind);
    kindOf[block] = kind;
  }
  return { count: examples.length, kindOf, examples };
}

/** Number of rows of a block: later ones repeat the first. */
function rowsOf({ rows }: ScheduledBin, block: number): number {
  let count = 1;
  while (count < TILE && rows[block * TILE + count] !== rows[block * TILE]) count += 1;
  return count;
}

/** Tiles of a row block, open ones first; undefined where all of a tile is hidden. */
function tilesOf(bin: ScheduledBin, block: number): (number | undefined)[] {
  const { open, openTiles, masked, maskedTiles, masks } = bin;
  return [
    ...open.subarray(block * openTiles, (block + 1) * openTiles),
    ...Array.from(masked.subarray(block * maskedTiles, (block + 1) * maskedTiles), (tile, index) =>
      masks[block * maskedTiles + index] === HIDE_ALL ? undefined : tile,
    ),
  ];
}

/** The model's tables of the kinds of a bin, for biases of so many members. */
export interface KindTables {
  readonly kinds: number;
  readonly tiles: number;
  /** [steps, G] i32: for each row block, kind · members + member; [steps, 1] if a step has one for all. */
  readonly numbers: Name;
  readonly numbersOfStep: number;
  /**
   * Adds how far the first keys of pieces of `size` keys are from the queries: [kinds, 1, 64, T · 64 / size]
   * i32.
   */
  distances(size: number): Name;
  /** Adds the masks of all tiles, of 0 and 1: [kinds, 1, 64, T · 64] f32. Undefined where none is masked. */
  masks(): Name | undefined;
}

/** Adds the tables of a bin's kinds. Undefined where few row blocks are alike, or tables were too large. */
export function kindTables(
  model: OnnxModelBuilder,
  bin: ScheduledBin,
  keys: PositionedKeys,
  { queryLength, queryOffset }: AttentionProblem,
  members: number,
): KindTables | undefined {
  const { steps, blocks, openTiles, maskedTiles, rows } = bin;
  const tiles = openTiles + maskedTiles;
  const most = Math.min(
    (steps * blocks) / (LEAST_READERS * members),
    MOST_NUMBERS / (members * tiles * TILE ** 2),
  );
  const kinds = most < 1 ? undefined : blockKinds(bin, keys, queryLength, most);
  if (kinds === undefined) return undefined;
  const numbers = kinds.kindOf.map((kind, block) => {
    const member = Math.floor(rows[block * TILE] / queryLength) % members;
    return kind * members + member;
  });
  const isOne = numbers.every((number, block) => number === numbers[block - (block % blocks)]);
  const numbersOfStep = isOne ? 1 : blocks;
  const table = (wish: string, shape: readonly number[], data: Int32Array): Name =>
    model.array(wish, { dtype: 'i32', shape }, data);
  return {
    kinds: kinds.count,
    tiles,
    numbersOfStep,
    numbers: table(
      'kinds',
      [steps, numbersOfStep],
      isOne ? numbers.filter((_, block) => block % blocks === 0) : numbers,
    ),
    distances: (size) => {
      const width = (tiles * TILE) / size;
      const distances = new Int32Array(kinds.count * TILE * width);
      kinds.examples.forEach((example, kind) => {
        const first = tilesOf(bin, example).map((tile) => (tile ?? 0) * TILE);
        for (let row = 0; row < TILE; row++) {
          const query = (rows[example * TILE + row] % queryLength) + queryOffset;
          for (let piece = 0; piece < width; piece++) {
            const key = piece * size;
            const at = first[Math.floor(key / TILE)] + (key % TILE);
            distances[(kind * TILE + row) * width + piece] = keys.positions[at] - query;
          }
        }
      });
      return table('distances', [kinds.count, 1, TILE, width], distances);
    },
    masks: () => {
      if (maskedTiles === 0) return undefined;
      const width = tiles * TILE;
      const cells = new Float32Array(kinds.count * TILE * width).fill(1);
      kinds.examples.forEach((example, kind) => {
        for (let i = 0; i < maskedTiles * TILE ** 2; i++) {
          const [t, row, key] = [Math.floor(i / TILE ** 2), Math.floor(i / TILE) % TILE, i % TILE];
          const mask = bin.masks[example * maskedTiles + t];
          const at = (kind * TILE + row) * width + (openTiles + t) * TILE + key;
          cells[at] = keys.masks[(mask * TILE + row) * TILE + key];
        }
      });
      return model.array('masks', { dtype: 'f32', shape: [kinds.count, 1, TILE, width] }, cells);
    },
  };
}
