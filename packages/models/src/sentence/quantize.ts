/** Vectors of fewer bytes: one for each number, or one bit. */
import { AttnError, type Tensor } from '@attn/core';
import { anything, checkArgument, checkOptions, oneOf, show, type OptionKinds } from '@attn/core/backend';
import { readMatrix } from './matrix.ts';

/**
 * `int8` and `uint8`: a byte for each number, of 256 steps between the least and the greatest value of its
 * dimension. `binary` and `ubinary`: a bit for each number, 1 where it is above 0, eight in a byte.
 */
export type Precision = 'int8' | 'uint8' | 'binary' | 'ubinary';

/** All precisions. */
export const PRECISIONS: readonly Precision[] = ['int8', 'uint8', 'binary', 'ubinary'];

/** Vectors of bytes. */
export interface QuantizedEmbeddings {
  readonly precision: Precision;
  /** [vectors, dimensions], or [vectors, bytes] of bits. */
  readonly shape: readonly number[];
  /**
   * Row by row. In a byte of bits the first dimension is the highest bit; the last byte is filled up with
   * zeros. The bytes of `binary` are those of `ubinary` less 128.
   */
  readonly data: Int8Array | Uint8Array;
}

/** Options of `quantizeEmbeddings`. */
export interface QuantizeOptions {
  /**
   * [2, dimensions]: the least and the greatest value of each dimension, for `int8` and `uint8`. Values
   * beyond become the nearest step. Default: those of the vectors themselves, of which there must then be
   * two.
   */
  readonly ranges?: Tensor;
}

const WHERE = 'models/quantize';

const OPTIONS: OptionKinds<QuantizeOptions> = { ranges: anything };

/**
 * Quantises vectors [vectors, dimensions], as sentence-transformers does, to the bit. Vectors that are
 * compared with each other must have the same ranges: take those of a sample (`rangesOf`) for all.
 *
 * Errors: `INVALID_ARGUMENT`, `INVALID_SHAPE`, `INVALID_DTYPE`.
 *
 * @example
 * const { embeddings } = await model.encode(['Call me Ishmael.', 'Some years ago']);
 * const { data } = quantizeEmbeddings(embeddings, 'int8', { ranges: rangesOf(embeddings) });
 */
export function quantizeEmbeddings(
  embeddings: Tensor,
  precision: Precision,
  options: QuantizeOptions = {},
): QuantizedEmbeddings {
  checkArgument(WHERE, 'precision', precision, oneOf(...PRECISIONS));
  const { ranges } = checkOptions(WHERE, options, OPTIONS);
  const matrix = readMatrix({ where: WHERE, name: 'embeddings' }, embeddings);
  if (precision === 'binary' || precision === 'ubinary') return packBits(matrix, precision);
  return toBytes(matrix, precision, ranges === undefined ? ownRanges(matrix) : readRanges(ranges, matrix));
}

/**
 * The least and the greatest value of each dimension, [2, dimensions], of at least two vectors.
 *
 * Errors: `INVALID_ARGUMENT`, `INVALID_SHAPE`, `INVALID_DTYPE`.
 *
 * @example
 * const { embeddings } = await model.encode(['Call me Ishmael.', 'Some years ago']);
 * console.log(rangesOf(embeddings).shape[0]); // 2
 */
export function rangesOf(embeddings: Tensor): Tensor<'f32'> {
  return ownRanges(readMatrix({ where: WHERE, name: 'embeddings' }, embeddings));
}

function ownRanges({ shape: [rows, width], data }: Tensor<'f32'>): Tensor<'f32'> {
  if (rows < 2) {
    const message = `the ranges of int8 and uint8 need at least two vectors, or the option ranges, got ${rows}`;
    throw new AttnError('INVALID_ARGUMENT', WHERE, message);
  }
  const ranges = new Float32Array(2 * width);
  for (let i = 0; i < width; i++) {
    let [least, most] = [data[i], data[i]];
    for (let row = 1; row < rows; row++) {
      least = Math.min(least, data[row * width + i]);
      most = Math.max(most, data[row * width + i]);
    }
    [ranges[i], ranges[width + i]] = [least, most];
  }
  return { dtype: 'f32', shape: [2, width], data: ranges };
}

function readRanges(value: Tensor, { shape: [, width] }: Tensor<'f32'>): Tensor<'f32'> {
  const ranges = readMatrix({ where: WHERE, name: 'ranges' }, value);
  if (ranges.shape[0] === 2 && ranges.shape[1] === width) return ranges;
  throw new AttnError('INVALID_SHAPE', WHERE, `ranges must be [2, ${width}], got ${show(ranges.shape)}`);
}

/** All of it is rounded to float32 after every operation, as in the original. */
function toBytes(
  { shape, data }: Tensor<'f32'>,
  precision: 'int8' | 'uint8',
  { data: ranges }: Tensor<'f32'>,
): QuantizedEmbeddings {
  const [, width] = shape;
  const steps = Float32Array.from({ length: width }, (_, i) => {
    const step = Math.fround(Math.fround(ranges[width + i] - ranges[i]) / 255);
    return step === 0 ? 1 : step;
  });
  const bytes = new Uint8Array(data.length);
  for (let i = 0; i < data.length; i++) {
    const column = i % width;
    const place = Math.floor(Math.fround(Math.fround(data[i] - ranges[column]) / steps[column]));
    bytes[i] = Math.min(Math.max(place, 0), 255);
  }
  return { precision, shape, data: precision === 'uint8' ? bytes : shifted(bytes) };
}

function packBits(
  { shape: [rows, width], data }: Tensor<'f32'>,
  precision: 'binary' | 'ubinary',
): QuantizedEmbeddings {
  const rowBytes = Math.ceil(width / 8);
  const bytes = new Uint8Array(rows * rowBytes);
  for (let row = 0; row < rows; row++)
    for (let i = 0; i < width; i++)
      if (data[row * width + i] > 0) bytes[row * rowBytes + (i >> 3)] |= 128 >> (i & 7);
  const shape = [rows, rowBytes];
  return { precision, shape, data: precision === 'ubinary' ? bytes : shifted(bytes) };
}

function shifted(bytes: Uint8Array): Int8Array {
  return Int8Array.from(bytes, (byte) => byte - 128);
}
