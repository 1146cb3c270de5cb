/** Packs quantised weights: panels of 8 columns, as `layout.ts` says. */
import type { CodeBits } from '@attn/core';
import {
  f32x4,
  i32,
  ModuleBuilder,
  v128,
  type FunctionBuilder,
  type I32,
  type Local,
} from '../../assembler/index.ts';

/** Layout of a task of `packCodes`: the columns of a panel. */
export const PACK_CODES = {
  /** Address of the first column's codes, and bytes from column to column. */
  codes: 0,
  codesStride: 4,
  /** Address of the first column's scales, or 0. */
  scales: 8,
  scalesStride: 12,
  /** Address of the first column's zero points, or 0. */
  zeros: 16,
  zerosStride: 20,
  /** Columns that are present, 1 … 8. */
  columns: 24,
  blocks: 28,
  blockBytes: 32,
  /** Addresses of the parts of the panel. */
  toCodes: 36,
  toScales: 40,
  toZeros: 44,
} as const;

/** Bytes of a `PACK_CODES`. */
export const PACK_CODES_BYTES = 48;

/** Turns codes of 8 bits, which are around 128, into signed integers. */
const SIGN = 0x80;

/** The module: exports `packCodes(task: PACK_CODES, scratch)`. */
export function packCodesModule({
  bits,
  sharedMemory,
}: {
  readonly bits: CodeBits;
  readonly sharedMemory: boolean;
}): ModuleBuilder {
  const module = new ModuleBuilder({ sharedMemory });
  const packCodes = module.define('packCodes', { task: 'i32', scratch: 'i32' }, (f, { task }) => {
    const field = (key: keyof typeof PACK_CODES): Local<'i32'> => f.let(key, i32.load(task, PACK_CODES[key]));
    const [columns, blocks, blockBytes] = [field('columns'), field('blocks'), field('blockBytes')];
    const [toScales, toZeros] = [field('toScales'), field('toZeros')];
    const columnOf = (start: keyof typeof PACK_CODES, stride: keyof typeof PACK_CODES, column: I32): I32 =>
      i32.add(i32.load(task, PACK_CODES[start]), i32.mul(column, i32.load(task, PACK_CODES[stride])));

    const hasScales = bits !== 16;
    if (hasScales) clearScales(f, toScales, blocks);
    f.count('column', columns, 1, (column) => {
      const from = f.let('from', columnOf('codes', 'codesStride', column));
      const to = f.let('to', i32.load(task, PACK_CODES.toCodes));
      if (bits === 16) packHalves(f, { from, to: i32.add(to, i32.shl(column, 1)), blocks, blockBytes });
      else if (bits === 8) packBytes(f, { from, to: i32.add(to, i32.shl(column, 1)), blocks, blockBytes });
      else packNibbles(f, { from, to: i32.add(to, column), bytes: i32.mul(blocks, blockBytes) });
      if (!hasScales) return;
      const scale = f.let('scale', columnOf('scales', 'scalesStride', column));
      const target = f.let('target', i32.add(toScales, i32.shl(column, 2)));
      f.count('block', blocks, 1, () => {
        f.do(i32.store(target, i32.load(scale)));
        f.advance(scale, 4);
        f.advance(target, 32);
      });
      f.if(i32.load(task, PACK_CODES.zeros), () => {
        const zeros = f.let('zeros', columnOf('zeros', 'zerosStride', column));
        if (bits === 8) packZeroBytes(f, { zeros, to: i32.add(toZeros, column), blocks });
        else packZeroNibbles(f, { zeros, to: toZeros, column, blocks });
      });
    });
  });
  module.export(packCodes);
  return module;
}

/** Emits scales of 0, which absent columns keep. */
function clearScales(f: FunctionBuilder, to: I32, blocks: I32): void {
  const at = f.let('cleared', to);
  f.count('block', blocks, 1, () => {
    f.do(v128.store(at, f32x4.all(0)), v128.store(at, f32x4.all(0), 16));
    f.advance(at, 32);
  });
}

/** Where the codes of a column are, and where they go. */
interface Column {
  readonly from: I32;
  readonly to: I32;
  readonly blocks: I32;
  readonly blockBytes: Local<'i32'>;
}

/** Emits to[pair][2] = pairs of codes, block by block; an odd block ends with a pair of one code. */
function packBytes(f: FunctionBuilder, column: Column): void {
  packPairs(
    f,
    column,
    (pair) => i32.xor(pair, SIGN | (SIGN << 8)),
    (from, target) =>
      f.if(i32.and(column.blockBytes, 1), () => {
        f.do(i32.store16(target, i32.xor(i32.load8U(from), SIGN)));
        f.advance(from, 1);
        f.advance(target, 16);
      }),
  );
}

/** Emits to[depth] = halves, block by block; an odd block has the room of one more. */
function packHalves(f: FunctionBuilder, column: Column): void {
  packPairs(
    f,
    column,
    (half) => half,
    (_from, target) => f.if(i32.and(column.blockBytes, 2), () => f.advance(target, 16)),
  );
}

/** Emits two bytes after two bytes of each block, 16 bytes apart, and then what `end` emits. */
function packPairs(
  f: FunctionBuilder,
  { from: start, to, blocks, blockBytes }: Column,
  packed: (pair: I32) => I32,
  end: (from: Local<'i32'>, target: Local<'i32'>) => void,
): void {
  const from = f.let('code', start);
  const target = f.let('target', to);
  f.count('block', blocks, 1, () => {
    f.count('index', i32.shrU(blockBytes, 1), 1, () => {
      f.do(i32.store16(target, packed(i32.load16U(from))));
      f.advance(from, 2);
      f.advance(target, 16);
    });
    end(from, target);
  });
}

/** Emits to[pair] = a byte, which has the two codes of a pair already. */
function packNibbles(
  f: FunctionBuilder,
  { from: start, to, bytes }: { readonly from: I32; readonly to: I32; readonly bytes: I32 },
): void {
  const from = f.let('code', start);
  const target = f.let('pair', to);
  f.count('index', bytes, 1, () => {
    f.do(i32.store8(target, i32.load8U(from)));
    f.advance(from, 1);
    f.advance(target, 8);
  });
}

function packZeroBytes(
  f: FunctionBuilder,
  { zeros, to, blocks }: { readonly zeros: Local<'i32'>; readonly to: I32; readonly blocks: I32 },
): void {
  const target = f.let('zero_target', to);
  f.count('block', blocks, 1, (block) => {
    f.do(i32.store8(target, i32.xor(i32.load8U(i32.add(zeros, block)), SIGN)));
    f.advance(target, 8);
  });
}

/** Emits the zero points of column c in byte c mod 4: of the first four columns in the low bits. */
function packZeroNibbles(
  f: FunctionBuilder,
  {
    zeros,
    to,
    column,
    blocks,
  }: { readonly zeros: Local<'i32'>; readonly to: I32; readonly column: Local<'i32'>; readonly blocks: I32 },
): void {
  const target = f.let('zero_target', i32.add(to, i32.and(column, 3)));
  f.count('block', blocks, 1, (block) => {
    const byte = i32.load8U(i32.add(zeros, i32.shrU(block, 1)));
    const zero = f.let('zero', i32.and(i32.shrU(byte, i32.shl(i32.and(block, 1), 2)), 15));
    f.if(
      i32.ltU(column, 4),
      () => f.do(i32.store8(target, zero)),
      () => f.do(i32.store8(target, i32.or(i32.load8U(target), i32.shl(zero, 4)))),
    );
    f.advance(target, 4);
  });
}
