/**
 * The inner loop of products of integers: registers hold a tile of sums while rows of A and columns of B
 * stream past.
 *
 *     C [rows × 8] += Σ over runs: scales [8] · (A [rows × run] · B [run × 8])
 *
 * A has 16-bit integers, B pairs of them for 8 columns. One instruction multiplies four columns by two depths
 * and adds the two, exactly: with integers of 12 and 9 bits the sums of 4,096 depths fit in 32 bits. A run
 * ends with its scales, in f32 and not fused, so that all engines get the same bits.
 */
import { f32x4, i32, i32x4, v128, type FunctionBuilder, type Local } from '../../assembler/index.ts';
import { PANEL_BYTES } from '../register-tile.ts';
import { INTEGER_STRIDE } from './rows.ts';

/**
 * Numbers of rows of register tiles, the largest first. Sums take two registers a row, of the 15 that V8
 * gives on x86; B takes two, A one, and a product one.
 */
const TILE_ROWS: readonly number[] = [4, 1];

/** The operands of a product of integers. Addresses and strides in bytes. */
export interface IntegerOperands {
  /** Address of the piece of A, whose rows are `INTEGER_STRIDE` apart. */
  readonly a: Local<'i32'>;
  /** Address of the unpacked piece of a panel. */
  readonly b: Local<'i32'>;
  /** Address of C, f32, whose rows are next to each other. */
  readonly c: Local<'i32'>;
  readonly rows: Local<'i32'>;
  readonly runs: Local<'i32'>;
  /** Pairs of depths in a run, > 0. */
  readonly pairs: Local<'i32'>;
  /** Address of the scales of the first run. */
  readonly scales: Local<'i32'>;
}

/** Emits C += A · B. */
export function integerProduct(f: FunctionBuilder, operands: IntegerOperands): void {
  const a = f.let('a_rows', operands.a);
  const c = f.let('c_rows', operands.c);
  const remaining = f.let('remaining_rows', operands.rows);
  const runBytes = f.let('run_bytes', i32.mul(operands.pairs, 2 * 16));
  for (const rows of TILE_ROWS) {
    f.if(i32.geU(remaining, rows), () =>
      f.repeat(
        () => {
          computeTile(f, { ...operands, a, c, rows, runBytes });
          f.advance(a, rows * INTEGER_STRIDE);
          f.advance(c, rows * PANEL_BYTES);
          f.set(remaining, i32.sub(remaining, rows));
        },
        () => i32.geU(remaining, rows),
      ),
    );
  }
}

interface TileOperands extends Omit<IntegerOperands, 'rows'> {
  readonly rows: number;
  readonly runBytes: Local<'i32'>;
}

/** Emits the runs of a tile. */
function computeTile(f: FunctionBuilder, { rows, runBytes, ...operands }: TileOperands): void {
  const { c } = operands;
  const sums = Array.from({ length: rows }, (_, row) =>
    [0, 1].map((half) => f.local(`sum${row}_${half}`, 'v128')),
  );
  const a = f.let('a', operands.a);
  const b = f.let('b', operands.b);
  const scales = f.let('run_scales', operands.scales);
  const [b0, b1, spread] = [f.local('b0', 'v128'), f.local('b1', 'v128'), f.local('a_pair', 'v128')];
  f.count('run', operands.runs, 1, () => {
    for (const sum of sums.flat()) f.set(sum, i32x4.all(0));
    const end = f.let('run_end', i32.add(b, runBytes));
    f.repeat(
      () => {
        f.set(b0, v128.load(b));
        f.set(b1, v128.load(b, 16));
        sums.forEach(([sum0, sum1], row) => {
          f.set(spread, v128.load32Splat(a, row * INTEGER_STRIDE));
          f.set(sum0, i32x4.add(sum0, i32x4.dotI16x8S(spread, b0)));
          f.set(sum1, i32x4.add(sum1, i32x4.dotI16x8S(spread, b1)));
        });
        f.advance(a, 4);
        f.advance(b, 32);
      },
      () => i32.ltU(b, end),
    );
    for (const half of [0, 1]) {
      const scale = f.let('scale', v128.load(scales, 16 * half));
      sums.forEach((sum, row) => {
        const number = f32x4.mul(f32x4.convertI32x4S(sum[half]), scale);
        const at = row * PANEL_BYTES + 16 * half;
        f.do(v128.store(c, f32x4.add(v128.load(c, at), number), at));
      });
    }
    f.advance(scales, PANEL_BYTES);
  });
}
