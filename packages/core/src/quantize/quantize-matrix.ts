/** Quantises matrices: rows of numbers become codes with a scale for each block. */
import { checkArgument, checkOptions, type OptionKinds } from '../check/check-options.ts';
import { aBoolean, fields, integer, oneOf, type Kind } from '../check/kinds.ts';
import { AttnError, show } from '../errors.ts';
import { contiguous, tensor, type Tensor } from '../tensor.ts';
import { halfToFloat32 } from '../util/float16.ts';
import { BlockFitter } from './fit-block.ts';
import {
  blockBytes,
  blocksOf,
  codesShape,
  rowBlock,
  scalesShape,
  zeroPointsShape,
  type CodeBits,
  type CodeFormat,
} from './codes.ts';

/** A matrix as codes: see `QuantizedLinearAttributes`. */
export interface QuantizedMatrix extends CodeFormat {
  /** u8, [rows, blocks, bytes of a block]. */
  readonly codes: Tensor<'u8'>;
  /** f32, [rows, blocks]; absent of halves. */
  readonly scales?: Tensor<'f32'> | undefined;
  /** u8, [rows, blocks], of 4 bits two in a byte; absent where codes are symmetric. */
  readonly zeroPoints?: Tensor<'u8'> | undefined;
}

/** A matrix as integers. */
export interface IntegerMatrix extends QuantizedMatrix {
  readonly bits: 4 | 8;
  readonly scales: Tensor<'f32'>;
}

/** Options of `quantizeMatrix`. */
export interface QuantizeMatrixOptions {
  readonly bits: IntegerMatrix['bits'];
  /** How many numbers of a row share a scale. Even for 4 bits. Default: the whole row. */
  readonly block?: number;
  /** Whether each block has a zero point of its own. Default false: codes are symmetric. */
  readonly zeroPoints?: boolean;
}

const WHERE = 'core/quantizeMatrix';

const KINDS: OptionKinds<QuantizeMatrixOptions> = {
  bits: { ...oneOf(4, 8), isRequired: true },
  block: integer(1),
  zeroPoints: aBoolean,
};

const aTensor: Kind = fields('a tensor', 'dtype', 'shape', 'data');

/**
 * Quantises a matrix [rows, length] of f32 or f16. The scale of each block is the one of least squared error
 * among a few. Errors: `INVALID_SHAPE`, `INVALID_DTYPE`, `INVALID_ARGUMENT` (a number that is not finite).
 *
 * @example
 * const { codes, scales } = quantizeMatrix(f32([2, 64], new Float32Array(128)), { bits: 4, block: 32 });
 */
export function quantizeMatrix(matrix: Tensor, options: QuantizeMatrixOptions): IntegerMatrix {
  const { bits, block: size, zeroPoints: hasZeros = false } = checkOptions(WHERE, options, KINDS);
  checkArgument(WHERE, 'matrix', matrix, aTensor);
  const { shape, dtype, data } = contiguous(matrix);
  const [rows, length] = shape;
  if (shape.length !== 2)
    throw new AttnError('INVALID_SHAPE', WHERE, `matrix must be [rows, length], got ${show(shape)}`);
  if (dtype !== 'f32' && dtype !== 'f16')
    throw new AttnError('INVALID_DTYPE', WHERE, `matrix must be f32 or f16, got ${dtype}`);
  const block = size ?? rowBlock(length);
  if (bits === 4 && block % 2 === 1)
    throw new AttnError('INVALID_ARGUMENT', WHERE, `block must be even for 4 bits, got ${block}`);
  const numbers = dtype === 'f16' ? halfToFloat32(data as Uint16Array) : (data as Float32Array);
  const format = { bits, block };
  const writer = new CodeWriter(rows, length, format, hasZeros);
  for (let row = 0; row < rows; row++) writer.write(row, numbers.subarray(row * length, (row + 1) * length));
  return writer.matrix();
}

type IntegerFormat = Pick<IntegerMatrix, 'bits' | 'block'>;

/** Writes the codes of a matrix row by row. */
export class CodeWriter {
  private readonly rows: number;
  private readonly length: number;
  private readonly format: IntegerFormat;
  private readonly blocks: number;
  private readonly codes: Uint8Array<ArrayBuffer>;
  private readonly scales: Float32Array<ArrayBuffer>;
  private readonly zeros: Uint8Array<ArrayBuffer> | undefined;
  private readonly fitter: BlockFitter;

  constructor(rows: number, length: number, format: IntegerFormat, hasZeros: boolean) {
    this.rows = rows;
    this.length = length;
    this.format = format;
    this.blocks = blocksOf(length, format.block);
    this.fitter = new BlockFitter(format.bits, hasZeros);
    this.codes = new Uint8Array(rows * this.blocks * blockBytes(format));
    this.scales = new Float32Array(rows * this.blocks);
    this.zeros = hasZeros ? new Uint8Array(rows * Math.ceil((this.blocks * format.bits) / 8)) : undefined;
  }

  /** Quantises a row. Errors: `INVALID_ARGUMENT` for a number that is not finite. */
  write(row: number, values: Float32Array): void {
    const at = firstNotFinite(values);
    if (at >= 0) {
      const message = `numbers must be finite, got ${values[at]} at [${row}, ${at}]`;
      throw new AttnError('INVALID_ARGUMENT', WHERE, message);
    }
    const { format, fitter, blocks, codes, scales, zeros } = this;
    const { bits, block } = format;
    const bytes = blockBytes(format);
    for (let b = 0; b < blocks; b++) {
      const from = b * block;
      const end = Math.min(from + block, this.length);
      fitter.fit(values, from, end);
      scales[row * blocks + b] = fitter.scale;
      if (zeros !== undefined) put(zeros, (row * zeros.length) / this.rows, b, fitter.zero, bits);
      const start = (row * blocks + b) * bytes;
      for (let i = 0; i < block; i++)
        put(codes, start, i, from + i < end ? fitter.code(values[from + i]) : fitter.zero, bits);
    }
  }

  /** The matrix, when all rows are written. */
  matrix(): IntegerMatrix {
    const { rows, length, format, codes, scales, zeros } = this;
    return {
      ...format,
      codes: tensor('u8', codesShape(rows, length, format), codes),
      scales: tensor('f32', scalesShape(rows, length, format), scales),
      ...(zeros && { zeroPoints: tensor('u8', zeroPointsShape(rows, length, format), zeros) }),
    };
  }
}

/** The index of the first number that is not finite; −1 if there is none. */
function firstNotFinite(values: Float32Array): number {
  // A finite number less itself is 0, any other is NaN.
  let sum = 0;
  for (const value of values) sum += value - value;
  return sum === 0 ? -1 : values.findIndex((value) => !Number.isFinite(value));
}

function put(bytes: Uint8Array, start: number, index: number, code: number, bits: CodeBits): void {
  if (bits === 8) bytes[start + index] = code;
  else bytes[start + (index >> 1)] |= index % 2 === 0 ? code : code << 4;
}
