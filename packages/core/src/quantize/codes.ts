/**
 * Codes of quantised matrices. A row of `in` numbers is split into blocks; each block has a scale, and a zero
 * point where the codes are not symmetric: number = scale · (code − zero point). Codes of 4 bits lie two in a
 * byte, the first in the low bits. The last block of a row is filled up. This is the layout of ONNX Runtime's
 * MatMulNBits. Codes of 16 bits are halves, low byte first, which stand for themselves: they have no scales
 * and no zero points.
 */
import { halfNumber, type HalfForm } from './halves.ts';

/** Bits of a code. */
export type CodeBits = 4 | 8 | 16;

/** How a matrix is quantised. */
export interface CodeFormat {
  readonly bits: CodeBits;
  /** How many numbers share a scale, along a row. */
  readonly block: number;
  /** What codes of 16 bits are. Absent where codes are integers. */
  readonly float?: HalfForm | undefined;
}

/** The code that stands for 0 where there are no zero points. A half stands for itself. */
export function middleOf(bits: CodeBits): number {
  return bits === 16 ? 0 : 2 ** (bits - 1);
}

/** The block that holds a whole row of this length. */
export function rowBlock(length: number): number {
  return Math.max(2, length + (length % 2));
}

/** The number of blocks of a row. */
export function blocksOf(length: number, block: number): number {
  return Math.ceil(length / block);
}

/** The bytes of a block of codes. */
export function blockBytes({ bits, block }: CodeFormat): number {
  return Math.ceil((block * bits) / 8);
}

/** The shape of the codes of a matrix [rows, length]. */
export function codesShape(rows: number, length: number, format: CodeFormat): readonly number[] {
  return [rows, blocksOf(length, format.block), blockBytes(format)];
}

/** The shape of the scales of a matrix [rows, length]. */
export function scalesShape(rows: number, length: number, { block }: CodeFormat): readonly number[] {
  return [rows, blocksOf(length, block)];
}

/** The shape of the zero points of a matrix [rows, length]: of 4 bits, two in a byte. */
export function zeroPointsShape(
  rows: number,
  length: number,
  { bits, block }: CodeFormat,
): readonly number[] {
  return [rows, Math.ceil((blocksOf(length, block) * bits) / 8)];
}

/** The code at an index of a run of codes that begins at a byte; of a half, its bits. */
export function codeAt(bytes: ArrayLike<number>, start: number, index: number, bits: CodeBits): number {
  if (bits === 16) return bytes[start + 2 * index] | (bytes[start + 2 * index + 1] << 8);
  if (bits === 8) return bytes[start + index];
  const byte = bytes[start + (index >> 1)];
  return index % 2 === 0 ? byte & 15 : byte >> 4;
}

/** The arrays of a quantised matrix. */
export interface CodeArrays {
  readonly codes: ArrayLike<number>;
  /** Absent of halves. */
  readonly scales?: ArrayLike<number> | undefined;
  readonly zeroPoints?: ArrayLike<number> | undefined;
}

/** Reads the rows of a quantised matrix [rows, length]. */
export class CodeReader {
  private readonly arrays: CodeArrays;
  private readonly length: number;
  private readonly format: CodeFormat;
  private readonly blocks: number;
  private readonly blockBytes: number;
  private readonly zeroBytes: number;

  constructor(arrays: CodeArrays, length: number, format: CodeFormat) {
    this.arrays = arrays;
    this.length = length;
    this.format = format;
    this.blocks = blocksOf(length, format.block);
    this.blockBytes = blockBytes(format);
    this.zeroBytes = Math.ceil((this.blocks * format.bits) / 8);
  }

  /** The integers of a row: code − zero point. Halves stay what they are, in an array that holds them. */
  integers(row: number, out: Int16Array | Int32Array | Float64Array): void {
    const { block } = this.format;
    for (let b = 0; b < this.blocks; b++) {
      const zero = this.zeroPoint(row, b);
      const start = (row * this.blocks + b) * this.blockBytes;
      const end = Math.min((b + 1) * block, this.length);
      for (let i = b * block; i < end; i++) out[i] = this.code(start, i - b * block) - zero;
    }
  }

  /** The numbers of a row: scale · (code − zero point), rounded as the array rounds. */
  numbers(row: number, out: Float32Array | Float64Array): void {
    const { block } = this.format;
    for (let b = 0; b < this.blocks; b++) {
      const [zero, scale] = [this.zeroPoint(row, b), this.scale(row, b)];
      const start = (row * this.blocks + b) * this.blockBytes;
      const end = Math.min((b + 1) * block, this.length);
      for (let i = b * block; i < end; i++) out[i] = scale * (this.code(start, i - b * block) - zero);
    }
  }

  /** The scale of a block; 1 of halves. */
  scale(row: number, block: number): number {
    return this.arrays.scales === undefined ? 1 : this.arrays.scales[row * this.blocks + block];
  }

  /** The zero point of a block. */
  zeroPoint(row: number, block: number): number {
    const { zeroPoints } = this.arrays;
    const { bits } = this.format;
    return zeroPoints === undefined ? middleOf(bits) : codeAt(zeroPoints, row * this.zeroBytes, block, bits);
  }

  /** A code, or the number of a half. */
  private code(start: number, index: number): number {
    const { bits, float } = this.format;
    const code = codeAt(this.arrays.codes, start, index, bits);
    return float === undefined ? code : halfNumber(code, float);
  }
}
