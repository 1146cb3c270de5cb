/**
 * The instructions that kernels use, in the namespaces of the text format: `f32x4.add(a, b)` is `(f32x4.add a b)`.
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
  type Tree,
  type V128,
} from './expression.ts';

/** Memory operands are an address and a constant offset in bytes. */
function memory(name: string, code: readonly number[], offset: number, lane: readonly number[] = []) {
  const immediates = [offset > 0 ? `offset=${offset}` : '', ...lane].join(' ').trim();
  // Alignment 0: only a hint, and nothing here may rely on it.
  return { name, immediates, bytes: [...code, 0, ...leb(offset), ...lane] };
}

const simd = (code: number): number[] => [0xfd, ...leb(code)];

const int2 =
  (name: string, code: number) =>
  (a: I32, b: I32): Expression<'i32'> =>
    tree('i32', { name: `i32.${name}`, bytes: [code] }, toI32(a), toI32(b));

export const i32 = {
  const: (value: number): Expression<'i32'> => toI32(value),
  load: (address: I32, offset = 0): Expression<'i32'> =>
    tree('i32', memory('i32.load', [0x28], offset), toI32(address)),
  load8U: (address: I32, offset = 0): Expression<'i32'> =>
    tree('i32', memory('i32.load8_u', [0x2d], offset), toI32(address)),
  store: (address: I32, value: I32, offset = 0): Tree<'void'> =>
    tree('void', memory('i32.store', [0x36], offset), toI32(address), toI32(value)),
  store8: (address: I32, value: I32, offset = 0): Tree<'void'> =>
    tree('void', memory('i32.store8', [0x3a], offset), toI32(address), toI32(value)),
  eqz: (a: I32): Expression<'i32'> => tree('i32', { name: 'i32.eqz', bytes: [0x45] }, toI32(a)),
  ctz: (a: I32): Expression<'i32'> => tree('i32', { name: 'i32.ctz', bytes: [0x68] }, toI32(a)),
  eq: int2('eq', 0x46),
  ne: int2('ne', 0x47),
  ltS: int2('lt_s', 0x48),
  ltU: int2('lt_u', 0x49),
  gtS: int2('gt_s', 0x4a),
  gtU: int2('gt_u', 0x4b),
  leU: int2('le_u', 0x4d),
  geU: int2('ge_u', 0x4f),
  add: int2('add', 0x6a),
  sub: int2('sub', 0x6b),
  mul: int2('mul', 0x6c),
  divU: int2('div_u', 0x6e),
  remU: int2('rem_u', 0x70),
  and: int2('and', 0x71),
  or: int2('or', 0x72),
  xor: int2('xor', 0x73),
  shl: int2('shl', 0x74),
  shrU: int2('shr_u', 0x76),
  /** `condition ? yes : no`, both evaluated. */
  select: (condition: I32, yes: I32, no: I32): Expression<'i32'> =>
    tree('i32', { name: 'select', bytes: [0x1b] }, toI32(yes), toI32(no), toI32(condition)),
};

const float2 =
  (name: string, code: number) =>
  (a: F32, b: F32): Expression<'f32'> =>
    tree('f32', { name: `f32.${name}`, bytes: [code] }, toF32(a), toF32(b));

const floatCompare =
  (name: string, code: number) =>
  (a: F32, b: F32): Expression<'i32'> =>
    tree('i32', { name: `f32.${name}`, bytes: [code] }, toF32(a), toF32(b));

export const f32 = {
  const: (value: number): Expression<'f32'> => toF32(value),
  load: (address: I32, offset = 0): Expression<'f32'> =>
    tree('f32', memory('f32.load', [0x2a], offset), toI32(address)),
  store: (address: I32, value: F32, offset = 0): Tree<'void'> =>
    tree('void', memory('f32.store', [0x38], offset), toI32(address), toF32(value)),
  eq: floatCompare('eq', 0x5b),
  ne: floatCompare('ne', 0x5c),
  sqrt: (a: F32): Expression<'f32'> => tree('f32', { name: 'f32.sqrt', bytes: [0x91] }, toF32(a)),
  add: float2('add', 0x92),
  sub: float2('sub', 0x93),
  mul: float2('mul', 0x94),
  div: float2('div', 0x95),
  convertU: (a: I32): Expression<'f32'> =>
    tree('f32', { name: 'f32.convert_i32_u', bytes: [0xb3] }, toI32(a)),
  select: (condition: I32, yes: F32, no: F32): Expression<'f32'> =>
    tree('f32', { name: 'select', bytes: [0x1b] }, toF32(yes), toF32(no), toI32(condition)),
};

const vector1 =
  (name: string, code: number) =>
  (a: V128): V128 =>
    tree('v128', { name, bytes: simd(code) }, a);

const vector2 =
  (name: string, code: number) =>
  (a: V128, b: V128): V128 =>
    tree('v128', { name, bytes: simd(code) }, a, b);

const load =
  (name: string, code: number) =>
  (address: I32, offset = 0): V128 =>
    tree('v128', memory(name, simd(code), offset), toI32(address));

const shift =
  (name: string, code: number) =>
  (a: V128, bits: I32): V128 =>
    tree('v128', { name, bytes: simd(code) }, a, toI32(bits));

export const v128 = {
  load: load('v128.load', 0x00),
  /** Four unsigned 16-bit numbers, widened to 32 bits. */
  load16x4U: load('v128.load16x4_u', 0x04),
  load32Splat: load('v128.load32_splat', 0x09),
  load32Zero: load('v128.load32_zero', 0x5c),
  /** `vector` with one lane loaded from memory. */
  load32Lane: (lane: number, address: I32, vector: V128, offset = 0): V128 =>
    tree('v128', memory('v128.load32_lane', simd(0x56), offset, [lane]), toI32(address), vector),
  store: (address: I32, value: V128, offset = 0): Tree<'void'> =>
    tree('void', memory('v128.store', simd(0x0b), offset), toI32(address), value),
  store64Lane: (lane: number, address: I32, value: V128, offset = 0): Tree<'void'> =>
    tree('void', memory('v128.store64_lane', simd(0x5b), offset, [lane]), toI32(address), value),
  store32Lane: (lane: number, address: I32, value: V128, offset = 0): Tree<'void'> =>
    tree('void', memory('v128.store32_lane', simd(0x5a), offset, [lane]), toI32(address), value),
  store16Lane: (lane: number, address: I32, value: V128, offset = 0): Tree<'void'> =>
    tree('void', memory('v128.store16_lane', simd(0x59), offset, [lane]), toI32(address), value),
  not: vector1('v128.not', 0x4d),
  and: vector2('v128.and', 0x4e),
  /** `a & ~b`. */
  andnot: vector2('v128.andnot', 0x4f),
  or: vector2('v128.or', 0x50),
  xor: vector2('v128.xor', 0x51),
  /** The bits of `yes` where `mask` has ones, else those of `no`. */
  bitselect: (yes: V128, no: V128, mask: V128): V128 =>
    tree('v128', { name: 'v128.bitselect', bytes: simd(0x52) }, yes, no, mask),
  anyTrue: (a: V128): Expression<'i32'> => tree('i32', { name: 'v128.any_true', bytes: simd(0x53) }, a),
  select: (condition: I32, yes: V128, no: V128): V128 =>
    tree('v128', { name: 'select', bytes: [0x1b] }, yes, no, toI32(condition)),
  /** 32-bit lanes of a, then of b, picked by number: 0 … 3 are a's, 4 … 7 are b's. */
  shuffle: (a: V128, b: V128, lanes: readonly [number, number, number, number]): V128 => {
    const bytes = lanes.flatMap((lane) => [0, 1, 2, 3].map((byte) => 4 * lane + byte));
    const immediates = bytes.join(' ');
    return tree('v128', { name: 'i8x16.shuffle', immediates, bytes: [...simd(0x0d), ...bytes] }, a, b);
  },
};

const constant = (name: string, text: readonly string[], bytes: readonly number[]): V128 =>
  tree('v128', { name: 'v128.const', immediates: `${name} ${text.join(' ')}`, bytes: [...simd(0x0c), ...bytes] });

export const i32x4 = {
  const: (...lanes: readonly [number, number, number, number]): V128 =>
    constant('i32x4', lanes.map(String), [...new Uint8Array(Int32Array.from(lanes).buffer)]),
  all: (value: number): V128 => i32x4.const(value, value, value, value),
  splat: (a: I32): V128 => tree('v128', { name: 'i32x4.splat', bytes: simd(0x11) }, toI32(a)),
  extractLane: (lane: number, a: V128): Expression<'i32'> =>
    tree('i32', { name: 'i32x4.extract_lane', immediates: String(lane), bytes: [...simd(0x1b), lane] }, a),
  eq: vector2('i32x4.eq', 0x37),
  ne: vector2('i32x4.ne', 0x38),
  gtS: vector2('i32x4.gt_s', 0x3b),
  gtU: vector2('i32x4.gt_u', 0x3c),
  abs: vector1('i32x4.abs', 0xa0),
  bitmask: (a: V128): Expression<'i32'> => tree('i32', { name: 'i32x4.bitmask', bytes: simd(0xa4) }, a),
  shl: shift('i32x4.shl', 0xab),
  shrU: shift('i32x4.shr_u', 0xad),
  add: vector2('i32x4.add', 0xae),
  sub: vector2('i32x4.sub', 0xb1),
  mul: vector2('i32x4.mul', 0xb5),
  minS: vector2('i32x4.min_s', 0xb6),
  maxS: vector2('i32x4.max_s', 0xb8),
};

export const i16x8 = {
  /** The low 16 bits, saturated without sign, of a's four lanes and then of b's. */
  narrowI32x4U: vector2('i16x8.narrow_i32x4_u', 0x86),
};

const ternary =
  (name: string, code: number) =>
  (a: V128, b: V128, c: V128): V128 =>
    tree('v128', { name, bytes: simd(code) }, a, b, c);

export const f32x4 = {
  const: (...lanes: readonly [number, number, number, number]): V128 =>
    constant('f32x4', lanes.map(floatText), lanes.flatMap(floatBytes)),
  all: (value: number): V128 => f32x4.const(value, value, value, value),
  splat: (a: F32): V128 => tree('v128', { name: 'f32x4.splat', bytes: simd(0x13) }, toF32(a)),
  extractLane: (lane: number, a: V128): Expression<'f32'> =>
    tree('f32', { name: 'f32x4.extract_lane', immediates: String(lane), bytes: [...simd(0x1f), lane] }, a),
  eq: vector2('f32x4.eq', 0x41),
  ne: vector2('f32x4.ne', 0x42),
  lt: vector2('f32x4.lt', 0x43),
  gt: vector2('f32x4.gt', 0x44),
  abs: vector1('f32x4.abs', 0xe0),
  neg: vector1('f32x4.neg', 0xe1),
  sqrt: vector1('f32x4.sqrt', 0xe3),
  add: vector2('f32x4.add', 0xe4),
  sub: vector2('f32x4.sub', 0xe5),
  mul: vector2('f32x4.mul', 0xe6),
  div: vector2('f32x4.div', 0xe7),
  /** `b < a ? b : a`: one instruction of the machine, and a when either is NaN. */
  pmin: vector2('f32x4.pmin', 0xea),
  /** `a < b ? b : a`: one instruction of the machine, and a when either is NaN. */
  pmax: vector2('f32x4.pmax', 0xeb),
  nearest: vector1('f32x4.nearest', 0x6a),
  convertI32x4S: vector1('f32x4.convert_i32x4_s', 0xfa),
  /** a · b + c, rounded once or twice as the machine likes. */
  relaxedMadd: ternary('f32x4.relaxed_madd', 0x105),
};
