/** Sines and cosines of four numbers at once, in radians. NaN in is NaN out, and so is ∞. */
import {
  f32x4,
  f64x2,
  i32x4,
  v128,
  type FunctionBuilder,
  type Local,
  type V128,
} from '../assembler/index.ts';
import { multiplyAdd, type Simd } from './arithmetic.ts';
import { fit } from './polynomial.ts';
import { horner, type InPlace } from './vector-math.ts';

/** Larger angles count as this one: their quarter turns have no exact products. */
export const MOST_RADIANS: number = 2 ** 27;

/**
 * π/2 in two parts. The first has 26 bits, so that its product with any number of quarter turns up to
 * `MOST_RADIANS` is exact in float64.
 */
const QUARTER = Math.PI / 2;
const QUARTER_HIGH = Math.floor(QUARTER * 2 ** 25) / 2 ** 25;
/** π/2 less the float64 that is nearest to it. */
const QUARTER_REST = 6.123233995736766e-17;
const QUARTER_LOW = QUARTER - QUARTER_HIGH + QUARTER_REST;

/** sin x; off by at most 2⁻²³, and by few units of its value near 0. */
export function sin(f: FunctionBuilder, simd: Simd): InPlace {
  return wave(f, simd, 0);
}

/** cos x; off by at most 2⁻²³. */
export function cos(f: FunctionBuilder, simd: Simd): InPlace {
  return wave(f, simd, 1);
}

/**
 * sin(x + quarters · π/2): with x = n · π/2 + r, |r| ≤ π/4, it is ± sin r or ± cos r, polynomials in r².
 * n and r are computed in float64 (Cody & Waite 1980, Software Manual for the Elementary Functions, ch. 8).
 */
function wave(f: FunctionBuilder, simd: Simd, quarters: 0 | 1): InPlace {
  const madd = multiplyAdd(simd);
  const end = (Math.PI / 4) ** 2;
  const ofSine = horner(
    f,
    madd,
    fit((z) => (Math.sin(Math.sqrt(z)) / Math.sqrt(z) - 1) / z, 0, end, 2),
  );
  const ofCosine = horner(
    f,
    madd,
    fit((z) => (Math.cos(Math.sqrt(z)) - 1 + z / 2) / z ** 2, 0, end, 2),
  );
  const [residue, turns, square] = [
    f.local('residue', 'v128'),
    f.local('turns', 'v128'),
    f.local('square', 'v128'),
  ];
  const [sine, cosine] = [f.local('sine', 'v128'), f.local('cosine', 'v128')];
  return (x) => {
    f.set(residue, f32x4.sub(x, x));
    f.set(x, f32x4.pmin(f32x4.pmax(x, f32x4.all(-MOST_RADIANS)), f32x4.all(MOST_RADIANS)));
    const [low, high] = [reduce(f, x), reduce(f, v128.shuffle(x, x, [2, 3, 2, 3]))];
    f.set(turns, v128.shuffle(low.turns, high.turns, [0, 1, 4, 5]));
    f.set(x, v128.shuffle(low.rest, high.rest, [0, 1, 4, 5]));
    if (quarters > 0) f.set(turns, i32x4.add(turns, i32x4.all(quarters)));
    f.set(square, f32x4.mul(x, x));
    ofSine(square, sine);
    f.set(sine, madd(f32x4.mul(sine, square), x, x));
    ofCosine(square, cosine);
    f.set(cosine, madd(madd(cosine, square, f32x4.all(-0.5)), square, f32x4.all(1)));
    const isOdd = i32x4.sub(i32x4.all(0), v128.and(turns, i32x4.all(1)));
    f.set(x, v128.bitselect(cosine, sine, isOdd));
    // Two or three quarter turns change the sign.
    f.set(x, v128.xor(x, v128.and(i32x4.shl(turns, 30), i32x4.all(0x8000_0000 | 0))));
    f.set(x, f32x4.add(x, residue));
  };
}

/** The quarter turns nearest to the two lower angles, as integers, and what is left of the angles. */
function reduce(f: FunctionBuilder, angles: V128): { readonly turns: V128; readonly rest: V128 } {
  const angle: Local<'v128'> = f.let('angle', f64x2.promoteLowF32x4(angles));
  const count = f.let('count', f64x2.nearest(f64x2.mul(angle, f64x2.all(1 / QUARTER))));
  const first = f64x2.sub(angle, f64x2.mul(count, f64x2.all(QUARTER_HIGH)));
  const rest = f64x2.sub(first, f64x2.mul(count, f64x2.all(QUARTER_LOW)));
  return { turns: i32x4.truncSatF64x2SZero(count), rest: f32x4.demoteF64x2Zero(rest) };
}
