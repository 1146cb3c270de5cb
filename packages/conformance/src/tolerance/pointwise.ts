/**
 * Error bounds of pointwise ops, from core's table: what an error of x becomes, and how far off the function
 * itself may be by its `Accuracy`.
 */
import {
  BINARY_MEANING,
  BINARY_OPS,
  recordOf,
  UNARY_MEANING,
  UNARY_OPS,
  unaryFunction,
  type Accuracy,
  type BinaryOp,
  type PointwiseOp,
  type UnaryFunction,
} from '@attn/core/backend';
import type { NamedReferences, ReferenceTensor } from '@attn/core/reference';
import { ELEMENTARY, expError, UNIT } from './rounding.ts';
import type { ErrorRule } from './rule.ts';

/** Error of a function of x, where x is off by `error`. At ±∞ functions have their limits exactly. */
export function unaryError(name: UnaryFunction, x: number, error = 0): number {
  if (!Number.isFinite(x)) return 0;
  const { f, accuracy, slope } = UNARY_MEANING[name];
  const moved = slope === undefined ? spread(f, x, error) : slope * error;
  return moved + ownError(accuracy, x, f(x));
}

/** How far a monotonic function can move when x moves by `error`; little where it is saturated. */
export function spread(f: (x: number) => number, x: number, error: number): number {
  return Math.max(Math.abs(f(x + error) - f(x)), Math.abs(f(x) - f(x - error)));
}

/**
 * What a function of x with this value may be off by.
 *
 * - `value` allows 8 units u = 2⁻²⁴: a division in WGSL is within 2.5 units in the last place, 5 u, an
 *   inverse root within 2, 4 u.
 * - `power` allows what a base-2 exponential with a rounded argument needs, see `expError`.
 * - `one` and `argument` allow 8 u of a factor in [−1, 1] that comes from erf, tanh or a logistic function.
 */
function ownError(accuracy: Accuracy, x: number, value: number): number {
  if (!Number.isFinite(value)) return 0;
  switch (accuracy) {
    case 'exact':
      return 0;
    case 'value':
      return 8 * UNIT * Math.abs(value);
    case 'power':
      return expError(x) * Math.abs(value);
    case 'one':
      return ELEMENTARY;
    case 'argument':
      return ELEMENTARY * Math.abs(x);
    default:
      return accuracy satisfies never;
  }
}

/** The rule of each pointwise op. */
export const pointwiseErrors: { readonly [K in PointwiseOp]: ErrorRule<K> } = {
  ...recordOf(
    UNARY_OPS,
    (op) =>
      ({ x }: NamedReferences) =>
        mapError(x, (value) => unaryError(op, value)),
  ),
  gelu({ x }, attributes) {
    const name = unaryFunction({ op: 'gelu', attributes });
    return mapError(x, (value) => unaryError(name, value));
  },
  ...recordOf(BINARY_OPS, (op): ErrorRule<BinaryOp> => {
    const { accuracy } = BINARY_MEANING[op];
    return (_inputs, _attributes, [out]) => mapError(out, (value) => ownError(accuracy, 0, value));
  }),
};

function mapError({ data }: ReferenceTensor, errorOf: (value: number) => number): [Float64Array] {
  return [data.map(errorOf)];
}
