/**
 * The instructions that kernels use, in the namespaces of the text format: `f32x4.add(a, b)` is
 * `(f32x4.add a b)`.
 * https://webassembly.github.io/spec/core/binary/instructions.html
 */
import {
  floatBytes,
  floatText,
  leb,
  toF32,
  toI32,
  tree,
  type Expression,
  type F32,
  type I32,
  type Instruction,
  type Tree,
  type V128,
} from './expression.ts';

type Scalar = Expression<'i32'>;
type Float = Expression<'f32'>;

/** The instructions of a kind, by name. */
type Family<Codes, Make> = { readonly [Name in keyof Codes]: Make };

function family<Codes extends Readonly<Record<string, number>>, Make>(
  type: string,
  codes: Codes,
  make: (name: string, code: number) => Make,
): Family<Codes, Make> {
  const entries = Object.entries(codes).map(([name, code]) => {
    const snake = name.replace(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`);
    return [name, make(`${type}.${snake}`, code)];
  });
  return Object.fromEntries(entries) as Family<Codes, Make>;
}

// An instruction without immediates is one shared object, because a kernel has thousands of them.

/** Makes instructions of two scalars that leave a value of `type`. */
function scalarBinary<T extends 'i32' | 'f32', Operand>(
  type: T,
  toOperand: (operand: Operand) => Expression<'i32' | 'f32'>,
) {
  return (name: string, code: number) => {
    const instruction = { name, bytes: [code] };
    return (a: Operand, b: Operand): Expression<T> => tree(type, instruction, toOperand(a), toOperand(b));
  };
}

/**
 * Makes an instruction on memory, with a constant offset in bytes. Alignment is only a hint: it is always 0.
 */
function memory(
  name: string,
  code: readonly number[],
  offset: number,
  lane: readonly number[] = [],
): Instruction {
  const immediates = [offset > 0 ? `offset=${offset}` : '', ...lane].join(' ').trim();
  return { name, immediates, bytes: [...code, 0, ...leb(offset), ...lane] };
}

const simd = (code: number): number[] => [0xfd, ...leb(code)];

// Integers.

const I32_BINARY = {
  eq: 0x46,
  ne: 0x47,
  ltS: 0x48,
  ltU: 0x49,
  gtS: 0x4a,
  gtU: 0x4b,
  leS: 0x4c,
  leU: 0x4d,
  geS: 0x4e,
  geU: 0x4f,
  add: 0x6a,
  sub: 0x6b,
  mul: 0x6c,
  divU: 0x6e,
  remU: 0x70,
  and: 0x71,
  or: 0x72,
  xor: 0x73,
  shl: 0x74,
  shrU: 0x76,
} as const;

interface I32Instructions extends Family<typeof I32_BINARY, (a: I32, b: I32) => Scalar> {
  const(value: number): Scalar;
  load(address: I32, offset?: number): Scalar;
  load8U(address: I32, offset?: number): Scalar;
  load16U(address: I32, offset?: number): Scalar;
  store(address: I32, value: I32, offset?: number): Tree<'void'>;
  store8(address: I32, value: I32, offset?: number): Tree<'void'>;
  store16(address: I32, value: I32, offset?: number): Tree<'void'>;
  eqz(a: I32): Scalar;
  clz(a: I32): Scalar;
  ctz(a: I32): Scalar;
  /** `condition ? yes : no`, both evaluated. */
  select(condition: I32, yes: I32, no: I32): Scalar;
}

/** Instructions on 32-bit integers, which are also addresses and conditions. */
export const i32: I32Instructions = {
  ...family('i32', I32_BINARY, scalarBinary('i32', toI32)),
  const: toI32,
  load: (address, offset = 0) => tree('i32', memory('i32.load', [0x28], offset), toI32(address)),
  load8U: (address, offset = 0) => tree('i32', memory('i32.load8_u', [0x2d], offset), toI32(address)),
  load16U: (address, offset = 0) => tree('i32', memory('i32.load16_u', [0x2f], offset), toI32(address)),
  store: (address, value, offset = 0) =>
    tree('void', memory('i32.store', [0x36], offset), toI32(address), toI32(value)),
  store8: (address, value, offset = 0) =>
    tree('void', memory('i32.store8', [0x3a], offset), toI32(address), toI32(value)),
  store16: (address, value, offset = 0) =>
    tree('void', memory('i32.store16', [0x3b], offset), toI32(address), toI32(value)),
  eqz: (a) => tree('i32', { name: 'i32.eqz', bytes: [0x45] }, toI32(a)),
  clz: (a) => tree('i32', { name: 'i32.clz', bytes: [0x67] }, toI32(a)),
  ctz: (a) => tree('i32', { name: 'i32.ctz', bytes: [0x68] }, toI32(a)),
  select: (condition, yes, no) =>
    tree('i32', { name: 'select', bytes: [0x1b] }, toI32(yes), toI32(no), toI32(condition)),
};

// Floats.

const F32_COMPARE = { eq: 0x5b, ne: 0x5c } as const;
const F32_BINARY = { add: 0x92, sub: 0x93, mul: 0x94, div: 0x95 } as const;

interface F32Instructions
  extends
    Family<typeof F32_COMPARE, (a: F32, b: F32) => Scalar>,
    Family<typeof F32_BINARY, (a: F32, b: F32) => Float> {
  const(value: number): Float;
  load(address: I32, offset?: number): Float;
  store(address: I32, value: F32, offset?: number): Tree<'void'>;
  sqrt(a: F32): Float;
  convertI32U(a: I32): Float;
  /** `condition ? yes : no`, both evaluated. */
  select(condition: I32, yes: F32, no: F32): Float;
}

/** Instructions on 32-bit floats. */
export const f32: F32Instructions = {
  ...family('f32', F32_COMPARE, scalarBinary('i32', toF32)),
  ...family('f32', F32_BINARY, scalarBinary('f32', toF32)),
  const: toF32,
  load: (address, offset = 0) => tree('f32', memory('f32.load', [0x2a], offset), toI32(address)),
  store: (address, value, offset = 0) =>
    tree('void', memory('f32.store', [0x38], offset), toI32(address), toF32(value)),
  sqrt: (a) => tree('f32', { name: 'f32.sqrt', bytes: [0x91] }, toF32(a)),
  convertI32U: (a) => tree('f32', { name: 'f32.convert_i32_u', bytes: [0xb3] }, toI32(a)),
  select: (condition, yes, no) =>
    tree('f32', { name: 'select', bytes: [0x1b] }, toF32(yes), toF32(no), toI32(condition)),
};

// Vectors.

export type Unary = (a: V128) => V128;
export type Binary = (a: V128, b: V128) => V128;

/** Makes an instruction on one vector. */
export function unary(name: string, code: number): Unary {
  const instruction = { name, bytes: simd(code) };
  return (a) => tree('v128', instruction, a);
}

/** Makes an instruction on two vectors. */
export function binary(name: string, code: number): Binary {
  const instruction = { name, bytes: simd(code) };
  return (a, b) => tree('v128', instruction, a, b);
}

const V128_LOAD = { load: 0x00, load32Splat: 0x09, load32Zero: 0x5c, load64Zero: 0x5d } as const;
/** Bitwise instructions on two vectors. `andnot` is `a & ~b`. */
const V128_BINARY = { and: 0x4e, andnot: 0x4f, or: 0x50, xor: 0x51 } as const;

interface V128Instructions
  extends
    Family<typeof V128_LOAD, (address: I32, offset?: number) => V128>,
    Family<typeof V128_BINARY, Binary> {
  /** Gives `vector` with one lane loaded from memory. */
  load32Lane(lane: number, address: I32, vector: V128, offset?: number): V128;
  store(address: I32, value: V128, offset?: number): Tree<'void'>;
  store32Lane(lane: number, address: I32, value: V128, offset?: number): Tree<'void'>;
  store64Lane(lane: number, address: I32, value: V128, offset?: number): Tree<'void'>;
  not: Unary;
  /** Takes bits of `yes` where `mask` has ones, bits of `no` where it has zeros. */
  bitselect(yes: V128, no: V128, mask: V128): V128;
  anyTrue(a: V128): Scalar;
  /** Picks four 32-bit lanes by number: 0 … 3 are lanes of a, 4 … 7 are lanes of b. */
  shuffle(a: V128, b: V128, lanes: readonly [number, number, number, number]): V128;
}

/** Instructions on vectors of any lanes. */
export const v128: V128Instructions = {
  ...family(
    'v128',
    V128_LOAD,
    (name, code) =>
      (address: I32, offset = 0) =>
        tree('v128', memory(name, simd(code), offset), toI32(address)),
  ),
  ...family('v128', V128_BINARY, binary),
  load32Lane: (lane, address, vector, offset = 0) =>
    tree('v128', memory('v128.load32_lane', simd(0x56), offset, [lane]), toI32(address), vector),
  store: (address, value, offset = 0) =>
    tree('void', memory('v128.store', simd(0x0b), offset), toI32(address), value),
  store32Lane: (lane, address, value, offset = 0) =>
    tree('void', memory('v128.store32_lane', simd(0x5a), offset, [lane]), toI32(address), value),
  store64Lane: (lane, address, value, offset = 0) =>
    tree('void', memory('v128.store64_lane', simd(0x5b), offset, [lane]), toI32(address), value),
  not: unary('v128.not', 0x4d),
  bitselect: (yes, no, mask) => tree('v128', { name: 'v128.bitselect', bytes: simd(0x52) }, yes, no, mask),
  anyTrue: (a) => tree('i32', { name: 'v128.any_true', bytes: simd(0x53) }, a),
  shuffle: (a, b, lanes) => {
    return i8x16.shuffle(
      a,
      b,
      lanes.flatMap((lane) => [0, 1, 2, 3].map((byte) => 4 * lane + byte)),
    );
  },
};

interface I8x16Instructions {
  splat(a: I32): V128;
  sub: Binary;
  /** Picks 16 bytes by number: 0 … 15 are bytes of a, 16 … 31 are bytes of b. */
  shuffle(a: V128, b: V128, bytes: readonly number[]): V128;
}

/** Instructions on vectors of 16 bytes. */
export const i8x16: I8x16Instructions = {
  splat: (a) => tree('v128', { name: 'i8x16.splat', bytes: simd(0x0f) }, toI32(a)),
  sub: binary('i8x16.sub', 0x71),
  shuffle: (a, b, bytes) =>
    tree(
      'v128',
      { name: 'i8x16.shuffle', immediates: bytes.join(' '), bytes: [...simd(0x0d), ...bytes] },
      a,
      b,
    ),
};

interface I16x8Instructions {
  splat(a: I32): V128;
  sub: Binary;
  /** Narrows the 32-bit integers of a, then of b; beyond the range of 16 bits to its end. */
  narrowI32x4S: Binary;
  extendLowI8x16S: Unary;
  extendHighI8x16S: Unary;
  shl(a: V128, bits: I32): V128;
  shrS(a: V128, bits: I32): V128;
  shrU(a: V128, bits: I32): V128;
}

/** Instructions on vectors of eight 16-bit integers. */
export const i16x8: I16x8Instructions = {
  splat: (a) => tree('v128', { name: 'i16x8.splat', bytes: simd(0x10) }, toI32(a)),
  sub: binary('i16x8.sub', 0x91),
  narrowI32x4S: binary('i16x8.narrow_i32x4_s', 0x85),
  extendLowI8x16S: unary('i16x8.extend_low_i8x16_s', 0x87),
  extendHighI8x16S: unary('i16x8.extend_high_i8x16_s', 0x88),
  shl: (a, bits) => tree('v128', { name: 'i16x8.shl', bytes: simd(0x8b) }, a, toI32(bits)),
  shrS: (a, bits) => tree('v128', { name: 'i16x8.shr_s', bytes: simd(0x8c) }, a, toI32(bits)),
  shrU: (a, bits) => tree('v128', { name: 'i16x8.shr_u', bytes: simd(0x8d) }, a, toI32(bits)),
};

type Lanes = readonly [number, number, number, number];

/** Makes a constant vector of lanes of this shape. */
export function constant(shape: string, text: readonly string[], bytes: readonly number[]): V128 {
  const immediates = `${shape} ${text.join(' ')}`;
  return tree('v128', { name: 'v128.const', immediates, bytes: [...simd(0x0c), ...bytes] });
}

const I32X4_BINARY = {
  eq: 0x37,
  ne: 0x38,
  ltS: 0x39,
  gtS: 0x3b,
  leS: 0x3d,
  leU: 0x3e,
  geS: 0x3f,
  add: 0xae,
  sub: 0xb1,
  mul: 0xb5,
  minS: 0xb6,
  maxS: 0xb8,
} as const;

interface I32x4Instructions extends Family<typeof I32X4_BINARY, Binary> {
  const(...lanes: Lanes): V128;
  /** Gives a vector with one constant in all lanes. */
  all(value: number): V128;
  splat(a: I32): V128;
  extractLane(lane: number, a: V128): Scalar;
  abs: Unary;
  bitmask(a: V128): Scalar;
  shl(a: V128, bits: I32): V128;
  shrS(a: V128, bits: I32): V128;
  extendLowI16x8S: Unary;
  extendHighI16x8S: Unary;
  /** Rounds towards 0; beyond the range of 32 bits to its end, NaN to 0. */
  truncSatF32x4S: Unary;
  /** Converts two float64 in the same way; the upper lanes are 0. */
  truncSatF64x2SZero: Unary;
  /** Multiplies eight 16-bit integers each, and adds the products of neighbours. */
  dotI16x8S: Binary;
}

/** Instructions on vectors of four 32-bit integers. */
export const i32x4: I32x4Instructions = {
  ...family('i32x4', I32X4_BINARY, binary),
  const: (...lanes) =>
    constant('i32x4', lanes.map(String), [...new Uint8Array(Int32Array.from(lanes).buffer)]),
  all: (value) => i32x4.const(value, value, value, value),
  splat: (a) => tree('v128', { name: 'i32x4.splat', bytes: simd(0x11) }, toI32(a)),
  extractLane: (lane, a) =>
    tree('i32', { name: 'i32x4.extract_lane', immediates: String(lane), bytes: [...simd(0x1b), lane] }, a),
  abs: unary('i32x4.abs', 0xa0),
  bitmask: (a) => tree('i32', { name: 'i32x4.bitmask', bytes: simd(0xa4) }, a),
  shl: (a, bits) => tree('v128', { name: 'i32x4.shl', bytes: simd(0xab) }, a, toI32(bits)),
  shrS: (a, bits) => tree('v128', { name: 'i32x4.shr_s', bytes: simd(0xac) }, a, toI32(bits)),
  extendLowI16x8S: unary('i32x4.extend_low_i16x8_s', 0xa7),
  extendHighI16x8S: unary('i32x4.extend_high_i16x8_s', 0xa8),
  truncSatF32x4S: unary('i32x4.trunc_sat_f32x4_s', 0xf8),
  truncSatF64x2SZero: unary('i32x4.trunc_sat_f64x2_s_zero', 0xfc),
  dotI16x8S: binary('i32x4.dot_i16x8_s', 0xba),
};

/**
 * Instructions on two vectors of floats. `pmin` is `b < a ? b : a` and `pmax` is `a < b ? b : a`: each is one
 * instruction of the machine, and gives a when a or b is NaN. `max` takes several, and gives NaN then.
 */
const F32X4_BINARY = {
  eq: 0x41,
  ne: 0x42,
  lt: 0x43,
  gt: 0x44,
  le: 0x45,
  ge: 0x46,
  add: 0xe4,
  sub: 0xe5,
  mul: 0xe6,
  div: 0xe7,
  min: 0xe8,
  max: 0xe9,
  pmin: 0xea,
  pmax: 0xeb,
} as const;

interface F32x4Instructions extends Family<typeof F32X4_BINARY, Binary> {
  const(...lanes: Lanes): V128;
  /** Gives a vector with one constant in all lanes. */
  all(value: number): V128;
  splat(a: F32): V128;
  extractLane(lane: number, a: V128): Float;
  abs: Unary;
  neg: Unary;
  sqrt: Unary;
  /** Rounds to the nearest integer, of two equally near to the even one. */
  nearest: Unary;
  convertI32x4S: Unary;
  /** Rounds two float64; the upper lanes are 0. */
  demoteF64x2Zero: Unary;
  /** Computes a · b + c, rounded once or twice: the engine decides. */
  relaxedMadd(a: V128, b: V128, c: V128): V128;
}

/** Instructions on vectors of four 32-bit floats. */
export const f32x4: F32x4Instructions = {
  ...family('f32x4', F32X4_BINARY, binary),
  const: (...lanes) => constant('f32x4', lanes.map(floatText), lanes.flatMap(floatBytes)),
  all: (value) => f32x4.const(value, value, value, value),
  splat: (a) => tree('v128', { name: 'f32x4.splat', bytes: simd(0x13) }, toF32(a)),
  extractLane: (lane, a) =>
    tree('f32', { name: 'f32x4.extract_lane', immediates: String(lane), bytes: [...simd(0x1f), lane] }, a),
  abs: unary('f32x4.abs', 0xe0),
  neg: unary('f32x4.neg', 0xe1),
  sqrt: unary('f32x4.sqrt', 0xe3),
  nearest: unary('f32x4.nearest', 0x6a),
  convertI32x4S: unary('f32x4.convert_i32x4_s', 0xfa),
  demoteF64x2Zero: unary('f32x4.demote_f64x2_zero', 0x5e),
  relaxedMadd: (a, b, c) => tree('v128', { name: 'f32x4.relaxed_madd', bytes: simd(0x105) }, a, b, c),
};
