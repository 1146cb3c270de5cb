/**
 * The inner loops of products of few rows, which wait for B to come from memory.
 *
 * Memory that is read in several places at once gives nearly twice as much as in one, because a core fetches
 * ahead in each of them. So a tile has four panels of one row, or two panels of two. Rows of A are read where
 * they are, in their full depth, which makes each panel one long read. Further rows find the panels in the
 * cache. Sums have the order of those of `register-tile.ts`.
 */
import {
  i32,
  v128,
  type Arguments,
  type FunctionBuilder,
  type FunctionHandle,
  type ModuleBuilder,
} from '../assembler/index.ts';
import { multiplyAdd, type Simd } from './arithmetic.ts';
import { PANEL_BYTES } from './register-tile.ts';

/** The most rows of such a product: six fill the registers of the other kernel. */
export const FEW_ROWS = 5;

/** Panels of a group: as many as are read at once. */
export const GROUP = 4;

const TILE = {
  /** Address of A, whose rows have their numbers next to each other; bytes from row to row. */
  a: 'i32',
  aStride: 'i32',
  /** Address of the first panel of B, and bytes from panel to panel. */
  b: 'i32',
  bStride: 'i32',
  /** Address of C, whole panels of which are written; bytes from row to row. */
  c: 'i32',
  cStride: 'i32',
  /** > 0. */
  depth: 'i32',
} as const;

/** The operands of a product: those of a tile, and how many rows and panels there are. */
type FewRows = typeof TILE & { readonly rows: 'i32'; readonly panels: 'i32' };
const FEW: FewRows = { ...TILE, rows: 'i32', panels: 'i32' };

/** Defines C = A · B for any number of rows; it is made for up to `FEW_ROWS`. */
export function defineFewRows(module: ModuleBuilder, simd: Simd): FunctionHandle<FewRows> {
  const tile = (rows: number, panels: number): FunctionHandle<typeof TILE> =>
    module.define(`tile${rows}x${panels}`, TILE, (f, operands) => emitTile(f, simd, operands, rows, panels));
  const ofOne = { group: tile(1, GROUP), panel: tile(1, 1) };
  const ofTwo = { half: tile(2, GROUP / 2), panel: tile(2, 1) };

  return module.define('fewRows', FEW, (f, { a, aStride, b, bStride, c, cStride, depth, rows, panels }) => {
    const [bPanel, cPanel] = [f.let('b_panel', b), f.let('c_panel', c)];
    const [row, cRow] = [f.local('row', 'i32'), f.local('c_row', 'i32')];
    /** Emits a tile, `offset` panels behind the current one. */
    const call = (handle: FunctionHandle<typeof TILE>, offset = 0): void =>
      f.call(handle, {
        a: row,
        aStride,
        b: i32.add(bPanel, i32.mul(bStride, offset)),
        bStride,
        c: i32.add(cRow, offset * PANEL_BYTES),
        cStride,
        depth,
      });
    /** Emits all rows of so many panels: the odd one, then pairs. */
    const allRows = (count: number, single: () => void, pair: () => void): void => {
      f.set(row, a);
      f.set(cRow, cPanel);
      const next = (by: number): void => {
        f.advance(row, i32.mul(aStride, by));
        f.advance(cRow, i32.mul(cStride, by));
      };
      f.if(i32.and(rows, 1), () => {
        single();
        next(1);
      });
      f.count('pair', i32.shrU(rows, 1), 1, () => {
        pair();
        next(2);
      });
      f.advance(bPanel, i32.mul(bStride, count));
      f.advance(cPanel, count * PANEL_BYTES);
    };
    f.count('group', i32.shrU(panels, Math.log2(GROUP)), 1, () =>
      allRows(
        GROUP,
        () => call(ofOne.group),
        () => [0, GROUP / 2].forEach((offset) => call(ofTwo.half, offset)),
      ),
    );
    f.count('panel', i32.and(panels, GROUP - 1), 1, () =>
      allRows(
        1,
        () => call(ofOne.panel),
        () => call(ofTwo.panel),
      ),
    );
  });
}

/** Emits C = A · B for a constant number of rows and of panels, with all sums in registers. */
function emitTile(
  f: FunctionBuilder,
  simd: Simd,
  { a, aStride, b, bStride, c, cStride, depth }: Arguments<typeof TILE>,
  rows: number,
  panels: number,
): void {
  const madd = multiplyAdd(simd);
  const places = (name: string, count: number, first: typeof a, stride: typeof a) =>
    Array.from({ length: count }, (_, i) => f.let(`${name}${i}`, i32.add(first, i32.mul(stride, i))));
  const [aRows, bPanels] = [places('a', rows, a, aStride), places('b', panels, b, bStride)];
  const sums = bPanels.map((_, panel) =>
    aRows.map((__, row) => [0, 16].map((offset) => f.local(`sum${row}_${panel}_${offset}`, 'v128'))),
  );
  const spread = aRows.map((_, row) => f.local(`spread${row}`, 'v128'));
  const value = f.local('value', 'v128');
  const end = f.let('end', i32.add(a, i32.shl(depth, 2)));
  f.repeat(
    () => {
      aRows.forEach((at, row) => f.set(spread[row], v128.load32Splat(at)));
      bPanels.forEach((at, panel) => {
        for (const half of [0, 1]) {
          f.set(value, v128.load(at, 16 * half));
          for (const [row, halves] of sums[panel].entries())
            f.set(halves[half], madd(spread[row], value, halves[half]));
        }
      });
      aRows.forEach((at) => f.advance(at, 4));
      bPanels.forEach((at) => f.advance(at, PANEL_BYTES));
    },
    () => i32.ltU(aRows[0], end),
  );
  for (const [row, to] of places('c', rows, c, cStride).entries()) {
    sums.forEach((ofRows, panel) =>
      ofRows[row].forEach((sum, half) => f.do(v128.store(to, sum, PANEL_BYTES * panel + 16 * half))),
    );
  }
}
