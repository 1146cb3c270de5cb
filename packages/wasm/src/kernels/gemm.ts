/**
 * Matrix products of any size, C [m × n] = A [m × k] · B [k × n], with bias and activation while C is in the
 * cache.
 *
 * B is packed once, in panels of 8 columns and full depth. A task is up to 48 rows and a range of columns. It
 * copies pieces of A of 48 × 192 (37 KB) to scratch memory, where rows lie at a constant distance whatever
 * the strides of A are, and multiplies them with each panel. Goto & van de Geijn 2008,
 * https://doi.org/10.1145/1356052.1356053
 *
 * Few rows take another way: `few-rows.ts`.
 */
import type { Activation } from '@attn/core';
import {
  f32x4,
  i32,
  ModuleBuilder,
  v128,
  type FunctionBuilder,
  type I32,
  type Local,
  type V128,
} from '../assembler/index.ts';
import type { Simd } from './arithmetic.ts';
import { defineFewRows, FEW_ROWS } from './few-rows.ts';
import { PANEL, PANEL_BYTES, product, type ProductOptions } from './register-tile.ts';
import { UNARY } from './unary.ts';

/** The most rows of a task. */
export const ROWS = 48;

/** The most depth of a piece of A. */
export const DEPTH = 192;

/** Bytes from row to row of a piece of A: more than `DEPTH`, so that rows do not share sets of the cache. */
export const A_STRIDE: number = 4 * (DEPTH + 8);

/** Bytes of scratch memory: a piece of A, and a panel of C. */
export const GEMM_SCRATCH_BYTES: number = ROWS * A_STRIDE + ROWS * PANEL_BYTES;

/** Layout of a task of `packPanel`: 8 columns of B, absent columns 0. */
export const PACK_PANEL = {
  /** Address of the first element; bytes from column to column and from depth to depth. */
  from: 0,
  columnStride: 4,
  depthStride: 8,
  /** Columns that are present, 1 … 8. */
  columns: 12,
  depth: 16,
  to: 20,
} as const;

/** Bytes of a `PACK_PANEL`. */
export const PACK_PANEL_BYTES = 24;

/** Layout of a task of `multiply`: a part of a product. */
export const PRODUCT = {
  /** Address of the first row of A; bytes from row to row and from depth to depth. */
  a: 0,
  aRowStride: 4,
  aDepthStride: 8,
  /** Packed B, at the first panel of the range. */
  b: 12,
  /** Address of the first element of C, and bytes from row to row. */
  c: 16,
  cStride: 20,
  rows: 24,
  /** Columns of the range: a multiple of 8, except in the last range of a product. */
  columns: 28,
  depth: 32,
  /** Address of [columns] numbers to add to each row, or 0. */
  bias: 36,
} as const;

/** Bytes of a `PRODUCT`. */
export const PRODUCT_BYTES = 40;

/** Bytes of a packed B. */
export function packedBytes(columns: number, depth: number): number {
  return Math.ceil(columns / PANEL) * PANEL_BYTES * depth;
}

/** The options that a module of products is specialised to. */
export interface GemmModuleOptions {
  readonly simd: Simd;
  readonly sharedMemory: boolean;
  readonly activation: Activation | undefined;
}

/** The module: exports `packPanel(task: PACK_PANEL, scratch)` and `multiply(task: PRODUCT, scratch)`. */
export function gemmModule({ simd, sharedMemory, activation: name }: GemmModuleOptions): ModuleBuilder {
  const module = new ModuleBuilder({ sharedMemory });
  module.export(
    module.define('packPanel', { task: 'i32', scratch: 'i32' }, (f, { task }) => packPanel(f, task)),
  );

  const PIECE = {
    a: 'i32',
    b: 'i32',
    bStride: 'i32',
    c: 'i32',
    cStride: 'i32',
    rows: 'i32',
    depth: 'i32',
    panels: 'i32',
  } as const;
  const piece = (title: string, options?: ProductOptions) =>
    module.define(title, PIECE, (f, p) => product(f, simd, { ...p, aStride: A_STRIDE }, options));
  const firstPiece = piece('firstPiece');
  const nextPiece = piece('nextPiece', { initial: ({ address, offset }) => v128.load(address, offset) });

  const fewRows = defineFewRows(module, simd);

  const FINISH = { c: 'i32', cStride: 'i32', rows: 'i32', columns: 'i32', bias: 'i32' } as const;
  const finishRows = module.define('finishRows', FINISH, (f, block) => finish(f, simd, block, name));

  const multiply = module.define('multiply', { task: 'i32', scratch: 'i32' }, (f, { task, scratch }) => {
    const field = (key: keyof typeof PRODUCT): Local<'i32'> => f.let(key, i32.load(task, PRODUCT[key]));
    const [rows, columns, depth] = [field('rows'), field('columns'), field('depth')];
    const [a, b, c, cStride] = [field('a'), field('b'), field('c'), field('cStride')];
    const bStride = f.let('b_stride', i32.mul(depth, PANEL_BYTES));
    const whole = f.let('whole_panels', i32.shrU(columns, 3));
    const partial = f.let('partial_columns', i32.and(columns, PANEL - 1));
    const lastPanel = f.let('last_panel', i32.add(scratch, ROWS * A_STRIDE));
    /** Emits the product with whole panels, and with the last one if it has fewer columns. */
    const eachPart = (from: I32, multiplyPart: (part: PanelRange) => void): void => {
      f.if(whole, () => multiplyPart({ b: from, c, cStride, panels: whole }));
      const last = i32.add(from, i32.mul(whole, bStride));
      f.if(partial, () => multiplyPart({ b: last, c: lastPanel, cStride: PANEL_BYTES, panels: 1 }));
    };
    f.if(i32.eqz(depth), () => clear(f, c, cStride, rows, columns));
    const [rowStride, depthStride] = [field('aRowStride'), field('aDepthStride')];
    const inPieces = (): void =>
      f.count('from', depth, DEPTH, (from) => {
        const rest = i32.sub(depth, from);
        const size = f.let('size', i32.select(i32.ltU(rest, DEPTH), rest, DEPTH));
        const start = f.let('start', i32.add(a, i32.mul(from, depthStride)));
        copyPiece(f, { from: start, rowStride, depthStride, rows, size, to: scratch });
        const at = f.let('b_piece', i32.add(b, i32.mul(from, PANEL_BYTES)));
        const operands = { a: scratch, bStride, rows, depth: size };
        const run = (handle: typeof firstPiece): void =>
          eachPart(at, (part) => f.call(handle, { ...operands, ...part }));
        f.if(
          from,
          () => run(nextPiece),
          () => run(firstPiece),
        );
      });
    const isFew = i32.and(i32.ltU(rows, FEW_ROWS + 1), i32.eq(depthStride, 4));
    f.if(depth, () =>
      f.if(
        isFew,
        () =>
          eachPart(b, (part) => f.call(fewRows, { a, aStride: rowStride, bStride, rows, depth, ...part })),
        inPieces,
      ),
    );
    f.if(i32.and(i32.ne(partial, 0), i32.ne(depth, 0)), () =>
      copyPanel(f, {
        panel: lastPanel,
        to: i32.add(c, i32.mul(whole, PANEL_BYTES)),
        cStride,
        rows,
        columns: partial,
      }),
    );
    f.call(finishRows, { c, cStride, rows, columns, bias: field('bias') });
  });
  module.export(multiply);
  return module;
}

/** A range of panels of B and of C. */
type PanelRange = Readonly<Record<'b' | 'c' | 'cStride' | 'panels', I32>>;

/** Emits to[depth][column] = from[column · columnStride + depth · depthStride]. */
function packPanel(f: FunctionBuilder, task: Local<'i32'>): void {
  const from = f.let('from', i32.load(task, PACK_PANEL.from));
  const columnStride = f.let('column_stride', i32.load(task, PACK_PANEL.columnStride));
  const depthStride = f.let('depth_stride', i32.load(task, PACK_PANEL.depthStride));
  const columns = f.let('columns', i32.load(task, PACK_PANEL.columns));
  const depth = f.let('depth', i32.load(task, PACK_PANEL.depth));
  const to = f.let('to', i32.load(task, PACK_PANEL.to));
  const zeros: V128 = f32x4.all(0);

  const together = i32.and(i32.eq(columnStride, 4), i32.eq(columns, PANEL));
  f.if(
    together,
    () =>
      f.count('row', depth, 1, () => {
        f.do(v128.store(to, v128.load(from)), v128.store(to, v128.load(from, 16), 16));
        f.advance(from, depthStride);
        f.advance(to, PANEL_BYTES);
      }),
    () => {
      // Zeros for all columns first: then each present column fills its lane.
      const zero = f.let('zero', to);
      f.count('row', depth, 1, () => {
        f.do(v128.store(zero, zeros), v128.store(zero, zeros, 16));
        f.advance(zero, PANEL_BYTES);
      });
      f.count('column', columns, 1, (column) => {
        const source = f.let('source', i32.add(from, i32.mul(column, columnStride)));
        const target = f.let('target', i32.add(to, i32.shl(column, 2)));
        f.count('row', depth, 1, () => {
          f.do(i32.store(target, i32.load(source)));
          f.advance(source, depthStride);
          f.advance(target, PANEL_BYTES);
        });
      });
    },
  );
}

/** A piece of A: its first element, bytes from row to row and from depth to depth, its size, its copy. */
export interface Piece {
  readonly from: I32;
  readonly rowStride: I32;
  /** Default 4: numbers of a row are next to each other. */
  readonly depthStride?: Local<'i32'>;
  readonly rows: I32;
  readonly size: Local<'i32'>;
  readonly to: I32;
}

/** Emits to[row][0 … size) = the piece. */
export function copyPiece(f: FunctionBuilder, { from, rowStride, depthStride, rows, size, to }: Piece): void {
  f.count('row', rows, 1, (row) => {
    const source = f.let('source', i32.add(from, i32.mul(row, rowStride)));
    const target = f.let('target', i32.add(to, i32.mul(row, A_STRIDE)));
    const copyRow = (): void => {
      // Whole vectors, then the remaining numbers.
      const vectors = f.let('vectors', i32.shl(i32.shrU(size, 2), 4));
      const at = f.let('at', 0);
      f.while(at, vectors, 16, () => f.do(v128.store(i32.add(target, at), v128.load(i32.add(source, at)))));
      f.while(at, i32.shl(size, 2), 4, () =>
        f.do(i32.store(i32.add(target, at), i32.load(i32.add(source, at)))),
      );
    };
    if (depthStride === undefined) copyRow();
    else
      f.if(i32.eq(depthStride, 4), copyRow, () =>
        f.count('step', size, 1, () => {
          f.do(i32.store(target, i32.load(source)));
          f.advance(source, depthStride);
          f.advance(target, 4);
        }),
      );
  });
}

/** Emits C = 0: the product of matrices whose depth is 0. */
export function clear(f: FunctionBuilder, c: I32, cStride: I32, rows: I32, columns: I32): void {
  const target = f.let('target', c);
  f.count('row', rows, 1, () => {
    f.count('byte', i32.shl(columns, 2), 4, (byte) => f.do(i32.store(i32.add(target, byte), 0)));
    f.advance(target, cStride);
  });
}

/** A panel of results, and its place in C. */
export interface ResultPanel {
  readonly panel: I32;
  readonly to: I32;
  readonly cStride: I32;
  readonly rows: I32;
  readonly columns: I32;
}

/** Emits the copy of a panel's present columns to their place in C. */
export function copyPanel(f: FunctionBuilder, { panel, to, cStride, rows, columns }: ResultPanel): void {
  const target = f.let('target', to);
  f.count('row', rows, 1, (row) => {
    const source = f.let('source', i32.add(panel, i32.mul(row, PANEL_BYTES)));
    f.count('byte', i32.shl(columns, 2), 4, (byte) =>
      f.do(i32.store(i32.add(target, byte), i32.load(i32.add(source, byte)))),
    );
    f.advance(target, cStride);
  });
}

/** A block of C to finish. */
export interface FinishedBlock {
  readonly c: I32;
  readonly cStride: I32;
  readonly rows: I32;
  readonly columns: I32;
  /** Address of [columns] numbers, or 0. */
  readonly bias: Local<'i32'>;
}

/** Emits C = activation(C + bias), row by row. */
export function finish(
  f: FunctionBuilder,
  simd: Simd,
  { c, cStride, rows, columns, bias }: FinishedBlock,
  name: Activation | undefined,
): void {
  const apply = name === undefined ? undefined : UNARY[name](f, simd);
  const bytes = f.let('bytes', i32.shl(columns, 2));
  const x = f.local('x', 'v128');
  const change = (at: I32, load: (address: I32) => V128, store: (address: I32) => void): void => {
    f.set(x, load(at));
    f.if(bias, () => f.set(x, f32x4.add(x, load(i32.add(bias, i32.sub(at, row))))));
    apply?.(x);
    store(at);
  };
  const row = f.let('row', c);
  const emit = (): void =>
    f.count('index', rows, 1, () => {
      const at = f.let('at', row);
      const end = f.let('end', i32.add(row, bytes));
      const vectors = f.let('vectors', i32.add(row, i32.and(bytes, -16)));
      f.while(at, vectors, 16, () =>
        change(
          at,
          (address) => v128.load(address),
          (address) => f.do(v128.store(address, x)),
        ),
      );
      f.while(at, end, 4, () =>
        change(
          at,
          (address) => v128.load32Splat(address),
          (address) => f.do(v128.store32Lane(0, address, x)),
        ),
      );
      f.advance(row, cStride);
    });
  if (apply) emit();
  else f.if(bias, emit);
}
