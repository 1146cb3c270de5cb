/** Instructions on vectors of 64-bit floats. */
import type { V128 } from './expression.ts';
import { binary, constant, unary, type Binary, type Unary } from './instructions.ts';

interface F64x2Instructions {
  /** Gives a vector with one constant in both lanes. */
  all(value: number): V128;
  floor: Unary;
  /** Rounds to the nearest integer, of two equally near to the even one. */
  nearest: Unary;
  sub: Binary;
  mul: Binary;
  div: Binary;
  /** Converts the two lower lanes of integers. */
  convertLowI32x4S: Unary;
  /** Widens the two lower lanes of floats. */
  promoteLowF32x4: Unary;
}

/** Instructions on vectors of two 64-bit floats. */
export const f64x2: F64x2Instructions = {
  all: (value) => {
    const bytes = [...new Uint8Array(Float64Array.of(value).buffer)];
    return constant('f64x2', [String(value), String(value)], [...bytes, ...bytes]);
  },
  floor: unary('f64x2.floor', 0x75),
  nearest: unary('f64x2.nearest', 0x94),
  sub: binary('f64x2.sub', 0xf1),
  mul: binary('f64x2.mul', 0xf2),
  div: binary('f64x2.div', 0xf3),
  convertLowI32x4S: unary('f64x2.convert_low_i32x4_s', 0xfe),
  promoteLowF32x4: unary('f64x2.promote_low_f32x4', 0x5f),
};
