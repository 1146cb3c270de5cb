/**
 * Weights as codes of 16, 8 or 4 bits, in the layout of `quantizedLinear`, and how kernels read them. They
 * stay codes in memory, and become numbers when a kernel loads a tile of them.
 */
import type { CodeBits, HalfForm } from '@attn/core';
import { four } from '../wgsl.ts';

/** How the codes of a weight lie. */
export interface CodeLayout {
  readonly bits: CodeBits;
  /** What codes of 16 bits are. Undefined: codes are integers. */
  readonly float?: HalfForm | undefined;
  /** The zero point of all blocks: 128 or 8; 0 of halves. Undefined: each has its own. */
  readonly zero: number | undefined;
  /** Whether every block begins at a word, so that words hold codes of one block; of halves, every row. */
  readonly isAligned: boolean;
}

/** Parameters of kernels that read codes: lengths of blocks, blocks of a row, bytes of a block. */
export const CODE_PARAMS = { block: 'u32', blocks: 'u32', blockBytes: 'u32' } as const;

/** The end of the names of kernels that read such codes. */
export function codeSuffix({ bits, float, zero, isAligned }: CodeLayout): string {
  return ` ${float === undefined ? `q${bits}` : `halves ${float}`}${zero === undefined ? ' zeros' : ''}${isAligned ? '' : ' unaligned'}`;
}

/** The buffers of a weight. */
export function codeBuffers({ float, zero }: CodeLayout): Readonly<Record<string, string>> {
  if (float !== undefined) return { codes: 'u32' };
  return { codes: 'u32', scales: 'f32', ...(zero === undefined && { zeroPoints: 'u32' }) };
}

/** Declares `zeroOf`, the zero point of a block of a row. */
function declareZeros({ bits, zero }: CodeLayout): string {
  if (zero !== undefined) return `\nfn zeroOf(row: u32, block: u32) -> i32 { return ${zero}; }`;
  return bits === 8
    ? `
fn zeroOf(row: u32, block: u32) -> i32 {
  let at = row * params.blocks + block;
  return i32((zeroPoints[at / 4u] >> (8u * (at % 4u))) & 255u);
}`
    : `
fn zeroOf(row: u32, block: u32) -> i32 {
  let at = row * ((params.blocks + 1u) / 2u) + block / 2u;
  return i32((zeroPoints[at / 4u] >> (8u * (at % 4u) + 4u * (block % 2u))) & 15u);
}`;
}

/** Declares `integerAt`, code − zero point. */
function declareIntegers(layout: CodeLayout): string {
  const [at, code] =
    layout.bits === 8
      ? ['within', '(word >> (8u * (at % 4u))) & 255u']
      : ['within / 2u', '(word >> (8u * (at % 4u) + 4u * (within % 2u))) & 15u'];
  return `${declareZeros(layout)}
fn integerAt(row: u32, step: u32) -> i32 {
  let block = step / params.block;
  let within = step % params.block;
  let at = (row * params.blocks + block) * params.blockBytes + ${at};
  let word = codes[at / 4u];
  return i32(${code}) - zeroOf(row, block);
}`;
}

/** WGSL of the numbers of two halves, of which the first is in the low bits of a word: a vec2f. */
function numbersOfWord(float: HalfForm, word: string): string {
  return float === 'f16'
    ? `unpack2x16float(${word})`
    : `bitcast<vec2f>(vec2u(${word} << 16u, ${word} & 0xffff0000u))`;
}

/** Declares `weightAt`, a number of a row: scale · (code − zero point), or the half. */
export function declareWeights(layout: CodeLayout): string {
  const { float } = layout;
  if (float !== undefined) {
    return `
fn weightAt(row: u32, step: u32) -> f32 {
  let at = row * params.blocks * params.blockBytes + 2u * step;
  let word = codes[at / 4u];
  return ${numbersOfWord(float, 'word')}[(at % 4u) / 2u];
}`;
  }
  return `${declareIntegers(layout)}
fn weightAt(row: u32, step: u32) -> f32 {
  return scales[row * params.blocks + step / params.block] * f32(integerAt(row, step));
}`;
}

/**
 * Declares `codeWord`, four codes that lie in one word: bytes, or nibbles in the lower half. They begin a
 * multiple of 4 steps after the beginning of an aligned block.
 */
function declareWord({ bits }: CodeLayout): string {
  const word =
    bits === 8 ? 'codes[(at + within) / 4u]' : 'codes[(at + within / 2u) / 4u] >> (4u * (within % 8u))';
  return `
fn codeWord(row: u32, step: u32) -> u32 {
  let within = step % params.block;
  let at = (row * params.blocks + step / params.block) * params.blockBytes;
  return ${word};
}`;
}

/**
 * Declares `integers4`: the integers of four steps of a block, from a multiple of 4 on. Steps past the end of
 * the block have any value.
 */
export function declareIntegers4(layout: CodeLayout): string {
  if (!layout.isAligned) {
    return `${declareIntegers(layout)}
fn integers4(row: u32, step: u32) -> vec4i {
  return vec4i(${four.map((i) => `integerAt(row, step + ${i}u)`).join(', ')});
}`;
  }
  const [shifts, mask] = layout.bits === 8 ? ['0u, 8u, 16u, 24u', '255u'] : ['0u, 4u, 8u, 12u', '15u'];
  return `${declareZeros(layout)}${declareWord(layout)}
fn integers4(row: u32, step: u32) -> vec4i {
  let word = vec4u(codeWord(row, step)) >> vec4u(${shifts});
  return vec4i(word & vec4u(${mask})) - zeroOf(row, step / params.block);
}`;
}

/** Whether all integers of a layout are bytes with a sign. */
export function areSignedBytes({ bits, zero }: CodeLayout): boolean {
  return bits === 4 || zero !== undefined;
}

/** Declares `packed4`: what `integers4` gives as four bytes of a word. */
export function declarePacked4(layout: CodeLayout): string {
  // Bytes less 128: their highest bits are turned.
  const isWord = layout.bits === 8 && layout.isAligned;
  const packed = isWord ? 'codeWord(row, step) ^ 0x80808080u' : 'pack4xI8(integers4(row, step))';
  return `${declareIntegers4(layout)}
fn packed4(row: u32, step: u32) -> u32 { return ${packed}; }`;
}

/** Declares `weights4`: the numbers of four steps of a row of n, from a multiple of 4 on; 0 outside of it. */
export function declareWeights4(layout: CodeLayout): string {
  const outside = 'if (row >= params.n || step >= params.k) { return vec4f(); }';
  const { float } = layout;
  if (float !== undefined && layout.isAligned) {
    return `
fn weights4(row: u32, step: u32) -> vec4f {
  ${outside}
  let at = (row * params.blocks * params.blockBytes + 2u * step) / 4u;
  let low = codes[at];
  var high = 0u;
  if (step + 2u < params.k) { high = codes[at + 1u]; }
  return vec4f(${numbersOfWord(float, 'low')}, ${numbersOfWord(float, 'high')});
}`;
  }
  return layout.isAligned
    ? `${declareIntegers4(layout)}
fn weights4(row: u32, step: u32) -> vec4f {
  ${outside}
  return scales[row * params.blocks + step / params.block] * vec4f(integers4(row, step));
}`
    : `${declareWeights(layout)}
fn weights4(row: u32, step: u32) -> vec4f {
  ${outside}
  var weights = vec4f();
  for (var i = 0u; i < min(4u, params.k - step); i++) { weights[i] = weightAt(row, step + i); }
  return weights;
}`;
}
