/**
 * Rows of activations as integers. Every step is a rounded operation of IEEE 754 in f32, so all machines get
 * the same integers: with most = the greatest magnitude of the row and limit = 2,047 or 127, the integer of x
 * is x · (limit / most), rounded to the nearest, of two equally near to the even one.
 */

/** How activations are read: as they are, or as integers of 12 or 8 bits with a scale for each row. */
export type ActivationForm = 'float' | 'int12' | 'int8';

/** Forms that lose next to nothing, so that they may be chosen where nobody asked for one. */
export type ExactActivationForm = Exclude<ActivationForm, 'int8'>;

/** The greatest integer of a form. */
export function greatestOf(form: Exclude<ActivationForm, 'float'>): number {
  return form === 'int12' ? 2047 : 127;
}

/** Rounds to the nearest integer, of two equally near to the even one. */
export function roundEven(x: number): number {
  const floor = Math.floor(x);
  const rest = x - floor;
  if (rest !== 0.5) return Math.round(x);
  return floor % 2 === 0 ? floor : floor + 1;
}

/**
 * Writes the integers of a row, and returns its scale, so that x ≈ scale · integer. A row of zeros has the
 * scale 0; a row with a number that is not finite has the scale NaN, and integers 0.
 */
export function quantizeRow(
  x: ArrayLike<number>,
  form: Exclude<ActivationForm, 'float'>,
  out: Int16Array | Int32Array | Float64Array,
  start = 0,
): number {
  const limit = greatestOf(form);
  const { length } = out;
  let most = 0;
  for (let i = 0; i < length; i++) {
    const size = Math.abs(x[start + i]);
    if (!Number.isFinite(size)) {
      out.fill(0);
      return NaN;
    }
    if (size > most) most = size;
  }
  const inverse = Math.fround(limit / Math.fround(most));
  // Of a row of zeros, or so small that its inverse overflows, nothing is left.
  if (most === 0 || !Number.isFinite(inverse)) {
    out.fill(0);
    return 0;
  }
  for (let i = 0; i < length; i++) {
    const rounded = roundEven(Math.fround(Math.fround(x[start + i]) * inverse));
    out[i] = Math.max(-limit, Math.min(limit, rounded));
  }
  return Math.fround(Math.fround(most) / limit);
}
