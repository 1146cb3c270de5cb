/**
 * Rows of x as 16-bit integers, as core's `quantizeRow` defines them: every step is one rounded operation, so
 * all engines get the same integers.
 */
import {
  f32,
  f32x4,
  i16x8,
  i32,
  i32x4,
  ModuleBuilder,
  v128,
  type FunctionBuilder,
  type I32,
  type Local,
  type V128,
} from '../../assembler/index.ts';
import { PIECE, PIECE_BYTES } from './layout.ts';

/** The most codes of a piece of integers. */
export const INTEGER_DEPTH = 384;

/** Bytes from row to row of a piece: more than a piece has, so that rows do not share sets of the cache. */
export const INTEGER_STRIDE: number = 2 * INTEGER_DEPTH + 64;

/** Layout of a task of `quantizeRows`: some rows of x. */
export const QUANTIZE_ROWS = {
  /** Address of the first row, numbers in a row, and rows. */
  x: 0,
  depth: 4,
  rows: 8,
  /** The greatest integer, as f32. */
  limit: 12,
  /** Address of the first row's first piece, and bytes from piece to piece. */
  to: 16,
  toPiece: 20,
  /** Address of the pieces of the depth, and how many there are. */
  pieces: 24,
  pieceCount: 28,
  /** Address of the scale of the first row. */
  scales: 32,
} as const;

/** Bytes of a `QUANTIZE_ROWS`. */
export const QUANTIZE_ROWS_BYTES = 36;

/** The bits of ∞: those of numbers that are not finite are not less. */
const INFINITE = 0x7f80_0000;

/** The module: exports `quantizeRows(task: QUANTIZE_ROWS, scratch)`. */
export function quantizeRowsModule({ sharedMemory }: { readonly sharedMemory: boolean }): ModuleBuilder {
  const module = new ModuleBuilder({ sharedMemory });
  const quantizeRows = module.define('quantizeRows', { task: 'i32', scratch: 'i32' }, (f, { task }) => {
    const field = (key: keyof typeof QUANTIZE_ROWS): Local<'i32'> =>
      f.let(key, i32.load(task, QUANTIZE_ROWS[key]));
    const [x, depth, to, scales] = [field('x'), field('depth'), field('to'), field('scales')];
    const limit = f.let('limit', f32.load(task, QUANTIZE_ROWS.limit));
    f.count('row', i32.load(task, QUANTIZE_ROWS.rows), 1, () => {
      const most = greatest(f, x, depth);
      const isFinite = f.let('is_finite', i32.ltS(i32x4.extractLane(0, most), INFINITE));
      const inverse = f.let('inverse', f32.div(limit, f32x4.extractLane(0, most)));
      const isUsual = f.let('is_usual', i32.and(isFinite, f32.ne(inverse, Infinity)));
      const zeroOrNaN = f32.select(isFinite, 0, NaN);
      const scale = f32.div(f32x4.extractLane(0, most), limit);
      f.do(f32.store(scales, f32.select(isUsual, scale, zeroOrNaN)));
      // 0 times a number that is not finite is NaN, which becomes 0.
      const factor = f.let('factor', f32x4.splat(f32.select(isUsual, inverse, 0)));
      const target = f.let('target', to);
      f.count('piece_index', i32.load(task, QUANTIZE_ROWS.pieceCount), 1, (index) => {
        const pieces = i32.load(task, QUANTIZE_ROWS.pieces);
        const piece = f.let('piece', i32.add(pieces, i32.mul(index, PIECE_BYTES)));
        writePiece(f, { piece, x, to: target, factor });
        f.advance(target, i32.load(task, QUANTIZE_ROWS.toPiece));
      });
      f.advance(x, i32.shl(depth, 2));
      f.advance(to, INTEGER_STRIDE);
      f.advance(scales, 4);
    });
  });
  module.export(quantizeRows);
  return module;
}

/** The greatest magnitude of a row in all lanes; of magnitudes the order is that of their bits. */
function greatest(f: FunctionBuilder, x: Local<'i32'>, depth: Local<'i32'>): Local<'v128'> {
  const most = f.let('most', i32x4.all(0));
  const take = (value: V128): void => f.set(most, i32x4.maxS(most, v128.and(value, i32x4.all(0x7fff_ffff))));
  const at = f.let('at', x);
  const vectors = f.let('vectors', i32.add(x, i32.shl(i32.and(depth, -4), 2)));
  const end = f.let('end', i32.add(x, i32.shl(depth, 2)));
  f.while(at, vectors, 16, () => take(v128.load(at)));
  f.while(at, end, 4, () => take(v128.load32Splat(at)));
  f.set(most, i32x4.maxS(most, v128.shuffle(most, most, [2, 3, 0, 1])));
  f.set(most, i32x4.maxS(most, v128.shuffle(most, most, [1, 0, 3, 2])));
  return most;
}

/** Emits the integers of a piece, run by run; a run that x does not fill ends with zeros. */
function writePiece(
  f: FunctionBuilder,
  {
    piece,
    x,
    to,
    factor,
  }: { readonly piece: Local<'i32'>; readonly x: I32; readonly to: I32; readonly factor: V128 },
): void {
  const inputs = f.let('inputs', i32.load(piece, PIECE.inputs));
  const runBytes = f.let('run_bytes', i32.shl(i32.load(piece, PIECE.pairs), 2));
  const from = f.let('from', i32.add(x, i32.shl(i32.load(piece, PIECE.from), 2)));
  const remaining = f.let('remaining', i32.load(piece, PIECE.size));
  const run = f.let('run_target', to);
  f.count('run', i32.load(piece, PIECE.runs), 1, () => {
    const present = f.let('present', i32.select(i32.ltU(remaining, inputs), remaining, inputs));
    const at = f.let('integer', run);
    const wholes = f.let('wholes', i32.add(run, i32.shl(i32.and(present, -8), 1)));
    const end = f.let('run_end', i32.add(run, i32.shl(present, 1)));
    f.while(at, wholes, 16, () => {
      f.do(v128.store(at, i16x8.narrowI32x4S(rounded(v128.load(from)), rounded(v128.load(from, 16)))));
      f.advance(from, 32);
    });
    f.while(at, end, 2, () => {
      f.do(i32.store16(at, i32x4.extractLane(0, rounded(v128.load32Splat(from)))));
      f.advance(from, 4);
    });
    f.advance(run, runBytes);
    f.while(at, run, 2, () => f.do(i32.store16(at, 0)));
    f.set(remaining, i32.sub(remaining, present));
  });

  function rounded(value: V128): V128 {
    return i32x4.truncSatF32x4S(f32x4.nearest(f32x4.mul(value, factor)));
  }
}
