/**
 * Products of f32 numbers with quantised weights. For each piece of the depth, a task copies the piece of its
 * rows of A and unpacks the piece of each panel of B, which stays in the first cache while all rows pass over
 * it. There are more rows than in other products, because unpacking costs about as much as some rows.
 */
import {
  i32,
  v128,
  type Arguments,
  type FunctionBuilder,
  type FunctionHandle,
  type I32,
  type Local,
  type ModuleBuilder,
} from '../../assembler/index.ts';
import { A_STRIDE, clear, copyPanel, copyPiece, DEPTH, finish } from '../gemm.ts';
import { PANEL, PANEL_BYTES, product, type ProductOptions } from '../register-tile.ts';
import { PIECE_BYTES } from './layout.ts';
import { callUnpack, ofPiece, QUANTIZED_ROWS, taskField, UNPACK, type MultiplyOptions } from './task.ts';
import { unpackHalves } from './unpack-halves.ts';
import { unpackNumbers } from './unpack.ts';

/** Bytes of a piece of B, of a panel of C, and of a piece of A. */
const [B_BYTES, C_BYTES, A_BYTES] = [
  DEPTH * PANEL_BYTES,
  QUANTIZED_ROWS * PANEL_BYTES,
  QUANTIZED_ROWS * A_STRIDE,
];

/** Bytes of scratch memory. */
export const NUMBERS_SCRATCH_BYTES: number = B_BYTES + C_BYTES + A_BYTES;

/** A piece of the depth for the columns of a panel; `b` is where the panel is unpacked. */
const PANEL_OF_PIECE = {
  piece: 'i32',
  panel: 'i32',
  a: 'i32',
  b: 'i32',
  c: 'i32',
  cStride: 'i32',
  rows: 'i32',
} as const;

const FINISH = { c: 'i32', cStride: 'i32', rows: 'i32', columns: 'i32', bias: 'i32' } as const;

/** The functions that `multiply` calls. */
interface Parts {
  readonly firstPiece: FunctionHandle<typeof PANEL_OF_PIECE>;
  readonly nextPiece: FunctionHandle<typeof PANEL_OF_PIECE>;
  readonly finishRows: FunctionHandle<typeof FINISH>;
}

/** Defines `multiply(task: QUANTIZED_PRODUCT, scratch)`, with numbers as A. */
export function defineNumbers(
  module: ModuleBuilder,
  options: MultiplyOptions,
): FunctionHandle<TaskParameters> {
  const { simd, float, activation } = options;
  const unpack = module.define('unpack', UNPACK, (f, p) =>
    float === undefined ? unpackNumbers(f, options, p) : unpackHalves(f, float, p),
  );
  const piece = (title: string, more?: ProductOptions): Parts['firstPiece'] =>
    module.define(title, PANEL_OF_PIECE, (f, { piece: at, panel, ...p }) => {
      callUnpack(f, unpack, { piece: at, panel, to: p.b });
      const depth = f.let('depth', ofPiece(at, 'size'));
      product(f, simd, { ...p, aStride: A_STRIDE, bStride: 0, depth, panels: 1 }, more);
    });
  const firstPiece = piece('firstPiece');
  const nextPiece = piece('nextPiece', { initial: ({ address, offset }) => v128.load(address, offset) });
  const finishRows = module.define('finishRows', FINISH, (f, block) => finish(f, simd, block, activation));
  return module.define('multiply', TASK, (f, task) =>
    multiplyTask(f, task, { firstPiece, nextPiece, finishRows }),
  );
}

const TASK = { task: 'i32', scratch: 'i32' } as const;
type TaskParameters = typeof TASK;

/** Emits a task: piece by piece of the depth, panel by panel, and what comes after the sums. */
function multiplyTask(
  f: FunctionBuilder,
  { task, scratch: b }: Arguments<TaskParameters>,
  { firstPiece, nextPiece, finishRows }: Parts,
): void {
  const load = (key: Parameters<typeof taskField>[2]): Local<'i32'> => taskField(f, task, key);
  const [a, firstPanel, bStride, piece, pieceCount] = [
    load('a'),
    load('b'),
    load('bStride'),
    load('pieces'),
    load('pieceCount'),
  ];
  const [c, cStride, rows, columns] = [load('c'), load('cStride'), load('rows'), load('columns')];
  const whole = f.let('whole_panels', i32.shrU(columns, 3));
  const partial = f.let('partial_columns', i32.and(columns, PANEL - 1));
  const lastPanel = f.let('last_panel', i32.add(b, B_BYTES));
  const copy = f.let('copy', i32.add(lastPanel, C_BYTES));
  f.if(i32.eqz(pieceCount), () => clear(f, c, cStride, rows, columns));
  f.count('piece_index', pieceCount, 1, (index) => {
    copyPiece(f, {
      from: f.let('from', i32.add(a, i32.shl(ofPiece(piece, 'from'), 2))),
      rowStride: load('aRowStride'),
      rows,
      size: f.let('size', ofPiece(piece, 'size')),
      to: copy,
    });
    const panel = f.let('panel', firstPanel);
    const target = f.let('target', c);
    const run = (place: { readonly c: I32; readonly cStride: I32 }): void => {
      const values = { piece, panel, a: copy, b, rows, ...place };
      f.if(
        index,
        () => f.call(nextPiece, values),
        () => f.call(firstPiece, values),
      );
    };
    f.count('panel_index', whole, 1, () => {
      run({ c: target, cStride });
      f.advance(panel, bStride);
      f.advance(target, PANEL_BYTES);
    });
    f.if(partial, () => run({ c: lastPanel, cStride: PANEL_BYTES }));
    f.advance(piece, PIECE_BYTES);
  });
  f.if(i32.and(i32.ne(partial, 0), i32.ne(pieceCount, 0)), () => {
    const to = i32.add(c, i32.mul(whole, PANEL_BYTES));
    copyPanel(f, { panel: lastPanel, to, cStride, rows, columns: partial });
  });
  f.call(finishRows, { c, cStride, rows, columns, bias: load('bias') });
}
