/** Rounds matrices to halves, which lie as codes of 16 bits. */
import { AttnError } from '../errors.ts';
import { tensor } from '../tensor.ts';
import { codesShape, type CodeFormat } from './codes.ts';
import { halfNumber, nearestHalf, type HalfForm } from './halves.ts';
import type { QuantizedMatrix } from './quantize-matrix.ts';

const WHERE = 'core/quantizeMatrix';

/** The greatest number of each form. */
const GREATEST = { f16: halfNumber(0x7bff, 'f16'), bf16: halfNumber(0x7f7f, 'bf16') };

/** The format of rows of this many halves. */
export function halfFormat(length: number, float: HalfForm): CodeFormat {
  return { bits: 16, block: Math.max(1, length), float };
}

/** Writes a matrix of halves row by row. */
export class HalfWriter {
  private readonly rows: number;
  private readonly length: number;
  private readonly form: HalfForm;
  private readonly halves: Uint16Array<ArrayBuffer>;

  constructor(rows: number, length: number, form: HalfForm) {
    this.rows = rows;
    this.length = length;
    this.form = form;
    this.halves = new Uint16Array(rows * length);
  }

  /** Rounds a row. Errors: `INVALID_ARGUMENT` for a number that is not finite, or beyond the form's range. */
  write(row: number, values: Float32Array): void {
    const { form, length, halves } = this;
    const most = GREATEST[form];
    for (let i = 0; i < length; i++) {
      const half = nearestHalf(values[i], form);
      halves[row * length + i] = half;
      if (Math.abs(halfNumber(half, form)) <= most) continue;
      const isFinite = Number.isFinite(values[i]);
      const expected = isFinite ? `at most ${most} in size to be ${form}, unlike f32` : 'finite';
      const message = `numbers must be ${expected}, got ${values[i]} at [${row}, ${i}]`;
      throw new AttnError('INVALID_ARGUMENT', WHERE, message);
    }
  }

  /** The matrix, when all rows are written. */
  matrix(): QuantizedMatrix {
    const { rows, length, form, halves } = this;
    const format = halfFormat(length, form);
    const bytes = new Uint8Array(halves.buffer);
    return { ...format, codes: tensor('u8', codesShape(rows, length, format), bytes) };
  }
}
