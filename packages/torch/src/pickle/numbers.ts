/** Numbers of tensors, with arithmetic that cannot overflow. */
import { refusal } from '../errors.ts';
import { kindOf, Tuple, type Value } from './values.ts';

/** Most dimensions of a tensor, as in torch. */
const MOST_DIMENSIONS = 64;

/** An integer ≥ 0 that a double holds exactly. Errors: `MALFORMED_FILE`. */
export function count(what: string, value: Value): number {
  if (typeof value !== 'number' || value < 0 || !Number.isSafeInteger(value))
    throw refusal('tensor', `the ${what} must be an integer ≥ 0, got ${kindOf(value)}`);
  return value;
}

/** A tuple of them. Errors: `MALFORMED_FILE`. */
export function integers(what: string, value: Value): readonly number[] {
  if (!(value instanceof Tuple)) throw refusal('tensor', `the ${what} must be a tuple, got ${kindOf(value)}`);
  if (value.items.length > MOST_DIMENSIONS) {
    const rank = value.items.length;
    throw refusal('tensor', `a tensor has at most ${MOST_DIMENSIONS} dimensions, got ${rank}`);
  }
  return value.items.map((item) => count(what, item));
}

/**
 * Throws unless a strided view lies in a storage of `length` elements and has no more elements than the
 * storage, all in elements. Errors: `MALFORMED_FILE`.
 */
export function checkView(
  length: number,
  offset: number,
  shape: readonly number[],
  strides: readonly number[],
): void {
  if (shape.length !== strides.length) {
    const [sizes, steps] = [shape.length, strides.length];
    throw refusal('tensor', `a tensor must have a stride for each of its ${sizes} sizes, got ${steps}`);
  }
  if (shape.includes(0)) {
    if (offset > length) throw outside(length, offset);
    return;
  }
  let elements = 1;
  let last = offset;
  for (let axis = 0; axis < shape.length; axis++) {
    elements *= shape[axis];
    // Both grow from exact integers below 2^53 by one step, and are compared before the next.
    if (elements > length) {
      const size = shape.join(', ');
      throw refusal('tensor', `a tensor of size (${size}) has more elements than its storage, ${length}`);
    }
    last += (shape[axis] - 1) * strides[axis];
    if (last >= length) throw outside(length, last);
  }
  if (last >= length) throw outside(length, last);
}

function outside(length: number, element: number): Error {
  return refusal('tensor', `a tensor reaches element ${element} of a storage of ${length}`);
}
