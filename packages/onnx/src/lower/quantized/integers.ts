/**
 * Products of rows of activations as integers with a matrix whose rows have one scale each: exact, by
 * products of bytes. Integers of 12 bits are two digits to the base 64, each of which is in [−32, 32].
 */
import { codeAt, greatestOf, middleOf } from '@attn/core/backend';
import type { ActivationForm } from '@attn/core';
import type { Name } from '../../model/values.ts';
import type { LoweringContext } from '../context.ts';
import { mostCode, MOST_SUM } from './forms.ts';
import { bytesOf, firstColumns, turnedCodes, zeroBytesOf, type CodeMatrix } from './codes.ts';

/** How activations can be integers. */
export type IntegerForm = Exclude<ActivationForm, 'float'>;

/** Rows of activations [rows, length] as integers, before they are rounded. */
export interface ScaledRows {
  /** The numbers. Of a row with a number that is not finite, some are NaN. */
  readonly numbers: Name;
  /** The scales, [rows, 1]. Of a row with a number that is not finite, it may be NaN or infinite. */
  readonly scale: Name;
}

const BASE = 64;
/** What is added to digits, so that they are unsigned. */
const DIGIT_MIDDLE = 32;

/** Writes the operators that scale rows to the range of a form, as `quantizeRow` does. */
export function scaledRows({ main, model }: LoweringContext, x: Name, form: IntegerForm): ScaledRows {
  const limit = model.scalar(greatestOf(form));
  const most = main.op('ReduceMax', [main.op('Abs', [x]), model.integers([-1])], { keepdims: 1 });
  const inverse = main.op('Div', [limit, most]);
  // Of a row of zeros, or so small that its inverse overflows, nothing is left.
  const finite = main.op('Where', [main.op('IsInf', [inverse]), model.scalar(0), inverse]);
  return { numbers: main.op('Mul', [x, finite]), scale: main.op('Div', [most, limit]) };
}

/** The products of all rows with all rows of a matrix, f32 [rows, matrix.rows], where they are exact. */
export function integerProduct(
  context: LoweringContext,
  rows: ScaledRows,
  matrix: CodeMatrix,
  form: IntegerForm,
): Name {
  const { main, model } = context;
  const sums = form === 'int8' ? sumsOfBytes(context, rows, matrix) : sumsOfDigits(context, rows, matrix);
  const scales = matrix.isConstant
    ? context.constantAs(matrix.scales, { dtype: 'f32', shape: [matrix.rows] })
    : main.reshape(context.value(matrix.scales), [matrix.rows]);
  // Bytes cannot say NaN. The scaled numbers of a row can: they have a NaN where x is not finite.
  const total = main.op('ReduceSum', [rows.numbers, model.integers([-1])], { keepdims: 1 });
  const scale = main.op('Add', [rows.scale, main.op('Mul', [total, model.scalar(0)])]);
  return main.op('Mul', [main.op('Mul', [sums, scales]), scale]);
}

function sumsOfBytes(context: LoweringContext, { numbers }: ScaledRows, matrix: CodeMatrix): Name {
  const { main, options } = context;
  const operand = operandOf(context, matrix, options.exactSignedBytes);
  return main.cast(productOfBytes(context, numbers, operand, middleOf(8)), 'f32');
}

function sumsOfDigits(context: LoweringContext, { numbers }: ScaledRows, matrix: CodeMatrix): Name {
  const { main, model } = context;
  const integers = main.op('Round', [numbers]);
  const high = main.op('Round', [main.op('Mul', [integers, model.scalar(1 / BASE)])]);
  const low = main.op('Sub', [integers, main.op('Mul', [high, model.scalar(BASE)])]);
  const digits = [high, low].map((digit) => main.op('Unsqueeze', [digit, model.integers([0])]));
  // Digits are so small that no runtime loses a bit of their products with signed bytes.
  const operand = operandOf(context, matrix, true);
  const both = productOfBytes(context, main.op('Concat', digits, { axis: 0 }), operand, DIGIT_MIDDLE);
  const isLarge = (greatestOf('int12') + DIGIT_MIDDLE) * mostCode(matrix) * matrix.length >= MOST_SUM;
  const dtype = isLarge ? 'f64' : 'i32';
  const [highs, lows] = [0, 1].map((place) => {
    const sums = main.op('Gather', [both, model.scalar(place, 'i64')], { axis: 0 });
    return isLarge ? main.cast(sums, dtype) : sums;
  });
  return main.cast(main.op('Add', [main.op('Mul', [highs, model.scalar(BASE, dtype)]), lows]), 'f32');
}

/** Numbers rounded to integers, plus `middle` as unsigned bytes, times the matrix: i32. */
function productOfBytes(
  { main, model }: LoweringContext,
  numbers: Name,
  { codes, zero }: Operand,
  middle: number,
): Name {
  const shift = model.scalar(middle, 'u8');
  const bytes = main.op('QuantizeLinear', [numbers, model.scalar(1), shift]);
  return main.op('MatMulInteger', [bytes, codes, shift, ...(zero === undefined ? [] : [zero])]);
}

/** A matrix as the right operand of a product of bytes. */
interface Operand {
  /** [length, rows]. */
  readonly codes: Name;
  /** What stands for 0, for each row or for all; undefined where 0 does. */
  readonly zero: Name | undefined;
}

function operandOf(context: LoweringContext, matrix: CodeMatrix, signed: boolean): Operand {
  const { main, model } = context;
  const { rows, length, block, bits, zeroPoints } = matrix;
  if (!matrix.isConstant) {
    const bytes = main.reshape(bytesOf(context, matrix), [rows, block]);
    const whole = block === length ? bytes : firstColumns(context, bytes, length);
    const zero =
      zeroPoints === undefined
        ? model.scalar(middleOf(bits), 'u8')
        : zeroBytesOf(context, matrix, rows, context.value(zeroPoints));
    return { codes: main.op('Transpose', [whole], { perm: [1, 0] }), zero };
  }
  const dtype = signed ? 'i8' : 'u8';
  const shift = signed ? 0 : middleOf(8);
  const codes = turnedCodes(context, matrix, { dtype, shift });
  if (zeroPoints === undefined) return { codes, zero: signed ? undefined : model.scalar(shift, 'u8') };
  const zero = context.formOf(zeroPoints, dtype, (wish, constant) =>
    model.made(wish, { dtype, shape: [rows], byteLength: rows }, () =>
      Uint8Array.from(
        { length: rows },
        (_, row) => codeAt(constant.data, row, 0, bits) - middleOf(bits) + shift,
      ),
    ),
  );
  return { codes, zero };
}
