/**
 * Products of integers with quantised weights. For each panel of B, a task unpacks piece by piece of the
 * depth, and all rows pass over each piece. The sums of the panel stay in the first cache, in scratch memory,
 * until they are complete and go to C with the scales of rows, the bias and the activation.
 */
import type { Activation } from '@attn/core';
import {
  f32x4,
  i32,
  v128,
  type Arguments,
  type FunctionBuilder,
  type FunctionHandle,
  type I32,
  type Local,
  type ModuleBuilder,
} from '../../assembler/index.ts';
import type { Simd } from '../arithmetic.ts';
import { copyPanel } from '../gemm.ts';
import { PANEL, PANEL_BYTES } from '../register-tile.ts';
import { UNARY } from '../unary.ts';
import { integerProduct } from './integer-tile.ts';
import { PIECE_BYTES } from './layout.ts';
import { INTEGER_DEPTH } from './rows.ts';
import { callUnpack, QUANTIZED_ROWS, taskField, UNPACK, type MultiplyOptions } from './task.ts';
import { unpackIntegers } from './unpack.ts';

/** Bytes of an unpacked piece of B. */
const B_BYTES = INTEGER_DEPTH * 2 * PANEL;

/** Bytes of scratch memory: a piece of B, and the sums of a panel. */
export const INTEGERS_SCRATCH_BYTES: number = B_BYTES + QUANTIZED_ROWS * PANEL_BYTES;

/** A panel of B, its sums, and the integers of a piece of the depth. */
const PANEL_OF_PIECE = { piece: 'i32', panel: 'i32', a: 'i32', b: 'i32', sums: 'i32', rows: 'i32' } as const;

const FINISH = {
  sums: 'i32',
  to: 'i32',
  toStride: 'i32',
  rows: 'i32',
  bias: 'i32',
  rowScales: 'i32',
} as const;

/** The functions that `multiply` calls. */
interface Parts {
  readonly addPiece: FunctionHandle<typeof PANEL_OF_PIECE>;
  readonly finishPanel: FunctionHandle<typeof FINISH>;
}

const TASK = { task: 'i32', scratch: 'i32' } as const;
type TaskParameters = typeof TASK;

/** Defines `multiply(task: QUANTIZED_PRODUCT, scratch)`, with integers as A. */
export function defineIntegers(
  module: ModuleBuilder,
  options: MultiplyOptions,
): FunctionHandle<TaskParameters> {
  const { simd, activation } = options;
  const unpack = module.define('unpack', UNPACK, (f, p) => unpackIntegers(f, options, p));
  const addPiece = module.define('addPiece', PANEL_OF_PIECE, (f, { piece, panel, a, b, sums: c, rows }) => {
    const sizes = callUnpack(f, unpack, { piece, panel, to: b });
    integerProduct(f, { a, b, c, rows, ...sizes });
  });
  const finishPanel = module.define('finishPanel', FINISH, (f, p) => finish(f, simd, p, activation));
  return module.define('multiply', TASK, (f, task) => multiplyTask(f, task, { addPiece, finishPanel }));
}

/** Emits a task: panel by panel, piece by piece of the depth. */
function multiplyTask(
  f: FunctionBuilder,
  { task, scratch: b }: Arguments<TaskParameters>,
  { addPiece, finishPanel }: Parts,
): void {
  const load = (key: Parameters<typeof taskField>[2]): Local<'i32'> => taskField(f, task, key);
  const [panel, bStride, bias, rowScales] = [load('b'), load('bStride'), load('bias'), load('rowScales')];
  const [c, cStride, rows, remaining] = [load('c'), load('cStride'), load('rows'), load('columns')];
  const sums = f.let('sums', i32.add(b, B_BYTES));
  f.if(remaining, () =>
    f.repeat(
      () => {
        clearSums(f, sums, rows);
        const a = load('a');
        const piece = load('pieces');
        f.count('piece_index', load('pieceCount'), 1, () => {
          f.call(addPiece, { piece, panel, a, b, sums, rows });
          f.advance(a, load('aPiece'));
          f.advance(piece, PIECE_BYTES);
        });
        const values = { sums, rows, bias, rowScales };
        f.if(
          i32.geU(remaining, PANEL),
          () => {
            f.call(finishPanel, { ...values, to: c, toStride: cStride });
            f.set(remaining, i32.sub(remaining, PANEL));
          },
          () => {
            f.call(finishPanel, { ...values, to: sums, toStride: PANEL_BYTES });
            copyPanel(f, { panel: sums, to: c, cStride, rows, columns: remaining });
            f.set(remaining, 0);
          },
        );
        f.advance(panel, bStride);
        f.advance(c, PANEL_BYTES);
        f.if(bias, () => f.advance(bias, PANEL_BYTES));
      },
      () => remaining,
    ),
  );
}

function clearSums(f: FunctionBuilder, sums: I32, rows: I32): void {
  const at = f.let('cleared', sums);
  f.count('row', rows, 1, () => {
    f.do(v128.store(at, f32x4.all(0)), v128.store(at, f32x4.all(0), 16));
    f.advance(at, PANEL_BYTES);
  });
}

/** Emits to = activation(scale of the row · sums + bias). Of absent columns, the bias is anything. */
function finish(
  f: FunctionBuilder,
  simd: Simd,
  { sums, to, toStride, rows, bias, rowScales }: Arguments<typeof FINISH>,
  activation: Activation | undefined,
): void {
  const apply = activation === undefined ? undefined : UNARY[activation](f, simd);
  const addends = [f.local('bias0', 'v128'), f.local('bias1', 'v128')];
  f.if(bias, () => addends.forEach((addend, half) => f.set(addend, v128.load(bias, 16 * half))));
  const [scale, x] = [f.local('row_scale', 'v128'), f.local('x', 'v128')];
  f.count('row', rows, 1, () => {
    f.set(scale, v128.load32Splat(rowScales));
    addends.forEach((addend, half) => {
      f.set(x, f32x4.add(f32x4.mul(v128.load(sums, 16 * half), scale), addend));
      apply?.(x);
      f.do(v128.store(to, x, 16 * half));
    });
    f.advance(rowScales, 4);
    f.advance(sums, PANEL_BYTES);
    f.advance(to, toStride);
  });
}
