/** Integers of rows are those that core's `quantizeRow` defines, bit for bit. */
import { greatestOf, quantizeRow } from '@attn/core/backend';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { Records } from '../records.ts';
import { panelLayout, PIECE, PIECE_BYTES, piecesOf } from './layout.ts';
import {
  INTEGER_DEPTH,
  INTEGER_STRIDE,
  QUANTIZE_ROWS,
  QUANTIZE_ROWS_BYTES,
  quantizeRowsModule,
} from './rows.ts';

const FORMS = ['int12', 'int8'] as const;

const memory = new WebAssembly.Memory({ initial: 4, maximum: 65_536 });
const [TASK, PIECES, X, SCALE, TO] = [64, 1024, 4096, 65_472, 65_536];
const instance = new WebAssembly.Instance(
  new WebAssembly.Module(quantizeRowsModule({ sharedMemory: false }).toBytes()),
  { env: { memory } },
);
const kernel = instance.exports.quantizeRows as (task: number, scratch: number) => void;

/** The integers and the scale that the kernel makes of a row; places that no input fills are left out. */
function quantize(x: readonly number[], block: number, form: (typeof FORMS)[number]) {
  const format = { bits: 8, block, hasZeros: false } as const;
  const list = piecesOf(x.length, format, panelLayout(x.length, format), INTEGER_DEPTH);
  const pieces = new Records(PIECE, PIECE_BYTES, list.length);
  list.forEach((piece, index) => pieces.set(index, piece));
  new Int32Array(memory.buffer, PIECES).set(pieces.words);
  new Float32Array(memory.buffer, X).set(x);
  new Int16Array(memory.buffer, TO).fill(-1);
  const task = new Records(QUANTIZE_ROWS, QUANTIZE_ROWS_BYTES, 1, { floats: ['limit'] });
  task.set(0, {
    x: X,
    depth: x.length,
    rows: 1,
    limit: greatestOf(form),
    to: TO,
    toPiece: INTEGER_STRIDE,
    pieces: PIECES,
    pieceCount: list.length,
    scales: SCALE,
  });
  new Int32Array(memory.buffer, TASK).set(task.words);
  kernel(TASK, 0);
  const integers: number[] = [];
  list.forEach(({ runs, pairs, inputs, size }, index) => {
    const row = new Int16Array(memory.buffer, TO + index * INTEGER_STRIDE, 2 * runs * pairs);
    for (let run = 0; run < runs; run++) {
      const present = Math.min(inputs, size - run * inputs);
      const start = 2 * run * pairs;
      integers.push(...row.subarray(start, start + present));
      expect(row.subarray(start + present, start + 2 * pairs).every((filler) => filler === 0)).toBe(true);
    }
  });
  return { integers, scale: new Float32Array(memory.buffer, SCALE, 1)[0] };
}

function check(x: readonly number[], block: number): void {
  for (const form of FORMS) {
    const expected = new Int16Array(x.length);
    const scale = quantizeRow(x, form, expected);
    expect(quantize(x, block, form)).toEqual({ integers: [...expected], scale });
  }
}

const INF = Infinity;

test.each([
  [[0, 0, 0]],
  [[-0, 1e-40, 1e-45]],
  [[1e-36, -2e-36, 0.5e-36]],
  [[3.4028234663852886e38, -1e38, 1]],
  [[1, NaN, 2, 3, 4]],
  [[1, 2, 3, 4, -INF]],
  [[1, -0.5, 0.25, 0, 0.5 / 2047, 1.5 / 2047, 2.5 / 2047, -1.5 / 2047, 1 / 127 / 2]],
])('rows of extremes: %j', (x) => check(x.map(Math.fround), 32));

test('rows of any numbers, blocks of any length', () => {
  const number = fc.oneof(
    fc.float({ noNaN: true, noDefaultInfinity: true }),
    fc.integer({ min: -9, max: 9 }),
  );
  const row = fc.array(number, { minLength: 1, maxLength: 1200, size: 'max' });
  fc.assert(
    fc.property(row, fc.integer({ min: 1, max: 700 }), (x, block) => check(x, block)),
    { numRuns: 200 },
  );
});
