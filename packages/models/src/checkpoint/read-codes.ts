/**
 * Reads tensors as codes: those that are stored as codes or as halves, and others, which are quantised, or
 * rounded to halves, as they are read.
 * Of a large tensor, few rows are in memory as numbers at one time.
 */
import {
  AttnError,
  type CodeFormat,
  type IntegerMatrix,
  type QuantizedMatrix,
  type Tensor,
} from '@attn/core';
import {
  CodeReader,
  CodeWriter,
  eventLoopTurn,
  halfFormat,
  HalfWriter,
  rowBlock,
  throwIfAborted,
} from '@attn/core/backend';
import type { Checkpoint, ReadCodesOptions } from './checkpoint.ts';
import { storedHalves } from './halves.ts';
import { isInForm, LAYOUTS, type WeightForm } from './weight-dtype.ts';
import { widen } from './widen.ts';

/** Most bytes of numbers that are read at once, unless one row has more. */
const CHUNK_BYTES = 16 * 2 ** 20;

const WHERE = 'models/weights';

/**
 * The codes of a tensor in a form: as they are stored where they are in the form, or where no form
 * is asked for; undefined where numbers are asked for, or stored. Errors: `MALFORMED_FILE` for a number that
 * is not finite, `INVALID_DTYPE`, `ABORTED`, and those of the checkpoint.
 */
export async function readCodes(
  checkpoint: Checkpoint,
  name: string,
  form: WeightForm | undefined,
  options: ReadCodesOptions,
): Promise<QuantizedMatrix | undefined> {
  if (form === 'f32') return undefined;
  const stored = checkpoint.quantized?.(name) ?? storedHalves(checkpoint, name);
  if (stored !== undefined && (form === undefined || isInForm(stored, form))) return stored.read(options);
  return form === undefined ? undefined : quantizeTensor(checkpoint, name, form, options);
}

/** Quantises a tensor of a checkpoint. Errors: those of `readCodes`. */
export async function quantizeTensor(
  checkpoint: Checkpoint,
  name: string,
  form: keyof typeof LAYOUTS,
  { signal }: ReadCodesOptions = {},
): Promise<QuantizedMatrix> {
  const [rows, length] = checkpoint.spec(name).shape;
  const writer = writerOf(rows, length, form);
  const chunk = await chunksOf(checkpoint, name);
  const step = Math.max(1, Math.floor(CHUNK_BYTES / (4 * Math.max(1, length))));
  for (let from = 0; from < rows; from += step) {
    throwIfAborted(signal, WHERE);
    const to = Math.min(rows, from + step);
    const numbers = await chunk(from, to);
    for (let row = from; row < to; row++) {
      const start = (row - from) * length;
      writeRow(writer, row, numbers.subarray(start, start + length), `${name} of ${checkpoint.name}`);
    }
    if (to < rows) await eventLoopTurn();
  }
  return writer.matrix();
}

/** How rows of this length are laid out in a form. */
export function formatOf(
  form: keyof typeof LAYOUTS,
  length: number,
): { readonly format: CodeFormat; readonly hasZeroPoints: boolean } {
  if (form === 'f16' || form === 'bf16') return { format: halfFormat(length, form), hasZeroPoints: false };
  return integerFormatOf(form, length);
}

function integerFormatOf(
  form: 'q8' | 'q4',
  length: number,
): { readonly format: Pick<IntegerMatrix, 'bits' | 'block'>; readonly hasZeroPoints: boolean } {
  const layout: { readonly bits: 4 | 8; readonly block?: number; readonly zeroPoints?: boolean } =
    LAYOUTS[form];
  const { bits, block = rowBlock(length), zeroPoints = false } = layout;
  return { format: { bits, block }, hasZeroPoints: zeroPoints };
}

/** What writes a matrix in a form, row by row. */
type RowWriter = Pick<CodeWriter | HalfWriter, 'write' | 'matrix'>;

function writerOf(rows: number, length: number, form: keyof typeof LAYOUTS): RowWriter {
  if (form === 'f16' || form === 'bf16') return new HalfWriter(rows, length, form);
  const { format, hasZeroPoints } = integerFormatOf(form, length);
  return new CodeWriter(rows, length, format, hasZeroPoints);
}

function writeRow(writer: RowWriter, row: number, values: Float32Array, name: string): void {
  try {
    writer.write(row, values);
  } catch (cause) {
    if (!(cause instanceof AttnError)) throw cause;
    throw new AttnError('MALFORMED_FILE', WHERE, `${name} cannot be quantised: ${cause.sentence}`, { cause });
  }
}

/** Reads the numbers of the rows [from, to). */
type Chunk = (from: number, to: number) => Promise<Float32Array>;

async function chunksOf(checkpoint: Checkpoint, name: string): Promise<Chunk> {
  const { shape } = checkpoint.spec(name);
  const length = shape[1];
  const stored = await checkpoint.quantized?.(name)?.read();
  if (stored !== undefined) {
    const { codes, scales, zeroPoints, ...format } = stored;
    const arrays = { codes: codes.data, scales: scales?.data, zeroPoints: zeroPoints?.data };
    const reader = new CodeReader(arrays, length, format);
    return async (from, to) => {
      const numbers = new Float32Array((to - from) * length);
      for (let row = from; row < to; row++)
        reader.numbers(row, numbers.subarray((row - from) * length, (row - from + 1) * length));
      return numbers;
    };
  }
  let whole: Tensor | undefined;
  return async (from, to) => {
    const part = whole === undefined ? await checkpoint.rows?.(name, from, to) : undefined;
    if (part !== undefined) return widen(name, part).data;
    whole ??= await checkpoint.tensor(name);
    const { dtype, data } = whole;
    const rows = { dtype, shape: [to - from, length], data: data.subarray(from * length, to * length) };
    return widen(name, rows).data;
  };
}
