/** Unpacks a piece of a panel of halves to f32 numbers. */
import type { HalfForm } from '@attn/core';
import {
  f32x4,
  i32,
  i32x4,
  i8x16,
  v128,
  type FunctionBuilder,
  type I32,
  type V128,
} from '../../assembler/index.ts';
import type { PackedPiece } from './unpack.ts';

/** Four halves after zeros, in the upper half of four words: the low four of eight, and the high four. */
const UPPER: readonly (readonly number[])[] = [0, 8].map((first) =>
  [0, 2, 4, 6].flatMap((byte) => [16, 16, first + byte, first + byte + 1]),
);

/** Exponents of halves are at the place of those of f32 numbers that are 2¹¹² times smaller. */
const REBASED = 2 ** 112;

/**
 * Emits to[depth][column] = the number of a half, exactly. `inputs` is the length of a run: of an odd block,
 * the last pair has one half only, whose neighbour the next run replaces.
 */
export function unpackHalves(
  f: FunctionBuilder,
  float: HalfForm,
  { codes, to, runs, pairs, inputs }: PackedPiece & { readonly inputs: I32 },
): void {
  const halves = f.local('halves', 'v128');
  const word = f.local('word', 'v128');
  const number = (half: 0 | 1): V128 => {
    if (float === 'bf16') return i8x16.shuffle(halves, i32x4.all(0), UPPER[half]);
    // The sign fills the bits above its own, of which the mask leaves the uppermost.
    const signed = half === 0 ? i32x4.extendLowI16x8S(halves) : i32x4.extendHighI16x8S(halves);
    f.set(word, v128.and(i32x4.shl(signed, 13), i32x4.all(0x8fffe000 | 0)));
    const exponent = i32x4.all(0x0f800000);
    const isSpecial = i32x4.eq(v128.and(word, exponent), exponent);
    return v128.or(f32x4.mul(word, f32x4.all(REBASED)), v128.and(isSpecial, i32x4.all(0x7f800000)));
  };
  const odd = f.let('odd_bytes', i32.shl(i32.and(inputs, 1), 5));
  f.count('run', runs, 1, () => {
    f.count('pair', pairs, 1, () => {
      for (const depth of [0, 1]) {
        f.set(halves, v128.load(codes, 16 * depth));
        for (const half of [0, 1] as const) f.do(v128.store(to, number(half), 32 * depth + 16 * half));
      }
      f.advance(codes, 32);
      f.advance(to, 64);
    });
    f.set(to, i32.sub(to, odd));
  });
}
