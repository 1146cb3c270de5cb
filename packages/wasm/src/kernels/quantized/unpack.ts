/**
 * Unpacks a piece of a panel: to pairs of 16-bit integers for sums that are exact, or to f32 numbers. The
 * result stays in the cache while all rows of a task pass over it.
 */
import type { CodeBits } from '@attn/core';
import {
  f32x4,
  i16x8,
  i32,
  i32x4,
  i8x16,
  v128,
  type FunctionBuilder,
  type I32,
  type Local,
  type V128,
} from '../../assembler/index.ts';

/** What an unpacking kernel is specialised to. */
export interface UnpackOptions {
  readonly bits: CodeBits;
  readonly hasZeros: boolean;
}

/** A piece of a panel. */
export interface PackedPiece {
  /** Addresses of its first codes, scales and zero points, and where the numbers go. */
  readonly codes: Local<'i32'>;
  readonly scales: Local<'i32'>;
  readonly zeros: Local<'i32'>;
  readonly to: Local<'i32'>;
  readonly runs: I32;
  readonly pairs: Local<'i32'>;
}

/** The two bytes of each column next to each other. */
const TWICE: readonly number[] = [0, 0, 1, 1, 2, 2, 3, 3, 4, 4, 5, 5, 6, 6, 7, 7];
const INTERLEAVED: readonly number[] = [0, 16, 1, 17, 2, 18, 3, 19, 4, 20, 5, 21, 6, 22, 7, 23];

/** Emits to[pair][column][2] = code − zero point, as 16-bit integers. */
export function unpackIntegers(f: FunctionBuilder, { bits, hasZeros }: UnpackOptions, p: PackedPiece): void {
  const byteZeros = f.local('byte_zeros', 'v128');
  const [zeros0, zeros1] = [f.local('zeros0', 'v128'), f.local('zeros1', 'v128')];
  const pair = f.local('pair_codes', 'v128');
  const subtracts = bits === 8 && hasZeros;
  const minus = (value: V128, zeros: V128): V128 => (subtracts ? i16x8.sub(value, zeros) : value);
  eachRun(f, p, bits, hasZeros, () => {
    if (bits === 4) f.set(byteZeros, nibbleZeros(f, p, hasZeros));
    if (subtracts) {
      f.set(byteZeros, i8x16.shuffle(v128.load64Zero(p.zeros), i32x4.all(0), TWICE));
      f.set(zeros0, i16x8.extendLowI8x16S(byteZeros));
      f.set(zeros1, i16x8.extendHighI8x16S(byteZeros));
    }
    eachPair(f, p, bits, () => {
      readPair(f, bits, p.codes, pair, byteZeros);
      f.do(
        v128.store(p.to, minus(i16x8.extendLowI8x16S(pair), zeros0)),
        v128.store(p.to, minus(i16x8.extendHighI8x16S(pair), zeros1), 16),
      );
      f.advance(p.to, 32);
    });
  });
}

/**
 * Emits to[depth][column] = scale · (code − zero point), rounded once. `inputs` is the length of a run: of an
 * odd block, the last pair has one code only, whose neighbour the next run replaces.
 */
export function unpackNumbers(
  f: FunctionBuilder,
  { bits, hasZeros }: UnpackOptions,
  p: PackedPiece & { readonly inputs: I32 },
): void {
  const zeros = f.local('zeros_of_run', 'v128');
  const [scales0, scales1] = [f.local('scales0', 'v128'), f.local('scales1', 'v128')];
  const pair = f.local('pair_codes', 'v128');
  const integers = f.local('integers', 'v128');
  const subtracts = bits === 8 && hasZeros;
  const odd = f.let('odd_bytes', i32.shl(i32.and(p.inputs, 1), 5));
  const writeRow = (codes: V128, offset: number): void => {
    f.set(integers, subtracts ? i16x8.sub(codes, zeros) : codes);
    f.do(
      v128.store(p.to, f32x4.mul(f32x4.convertI32x4S(i32x4.extendLowI16x8S(integers)), scales0), offset),
      v128.store(
        p.to,
        f32x4.mul(f32x4.convertI32x4S(i32x4.extendHighI16x8S(integers)), scales1),
        offset + 16,
      ),
    );
  };
  eachRun(f, p, bits, hasZeros, () => {
    if (bits === 4) f.set(zeros, nibbleZeros(f, p, hasZeros));
    if (subtracts) f.set(zeros, i16x8.extendLowI8x16S(v128.load64Zero(p.zeros)));
    f.set(scales0, v128.load(p.scales));
    f.set(scales1, v128.load(p.scales, 16));
    f.advance(p.scales, 32);
    eachPair(f, p, bits, () => {
      readPair(f, bits, p.codes, pair, zeros);
      writeRow(i16x8.shrS(i16x8.shl(pair, 8), 8), 0);
      writeRow(i16x8.shrS(pair, 8), 32);
      f.advance(p.to, 64);
    });
    f.set(p.to, i32.sub(p.to, odd));
  });
}

function eachRun(
  f: FunctionBuilder,
  { runs, zeros }: PackedPiece,
  bits: CodeBits,
  hasZeros: boolean,
  body: () => void,
): void {
  f.count('run', runs, 1, () => {
    body();
    if (hasZeros) f.advance(zeros, bits);
  });
}

function eachPair(f: FunctionBuilder, { codes, pairs }: PackedPiece, bits: CodeBits, body: () => void): void {
  f.count('pair', pairs, 1, () => {
    body();
    f.advance(codes, 2 * bits);
  });
}

/**
 * Emits pair = the codes of a pair of depths as signed bytes, the two of a column next to each other. Zero
 * points of 4 bits are subtracted, because the differences fit in a byte.
 */
function readPair(
  f: FunctionBuilder,
  bits: CodeBits,
  codes: I32,
  pair: Local<'v128'>,
  byteZeros: V128,
): void {
  if (bits === 8) {
    f.set(pair, v128.load(codes));
    return;
  }
  f.set(pair, v128.load64Zero(codes));
  f.set(pair, i8x16.sub(i8x16.shuffle(lowNibbles(pair), highNibbles(pair), INTERLEAVED), byteZeros));
}

/** The zero points of a run of 4-bit codes, twice each. */
function nibbleZeros(f: FunctionBuilder, { zeros }: PackedPiece, hasZeros: boolean): V128 {
  if (!hasZeros) return i32x4.all(0x08080808);
  const bytes = f.let('zero_nibbles', v128.load32Zero(zeros));
  const lanes = TWICE.map((byte) => (byte < 4 ? byte : byte + 12));
  return i8x16.shuffle(lowNibbles(bytes), highNibbles(bytes), lanes);
}

function lowNibbles(bytes: V128): V128 {
  return v128.and(bytes, i32x4.all(0x0f0f0f0f));
}

function highNibbles(bytes: V128): V128 {
  return v128.and(i16x8.shrU(bytes, 4), i32x4.all(0x0f0f0f0f));
}
