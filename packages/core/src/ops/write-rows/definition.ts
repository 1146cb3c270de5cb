/** The `writeRows` op: replaces rows of a tensor, at a place that a run decides; of a state, in place. */
import { anything } from '../../check/kinds.ts';
import { show } from '../../errors.ts';
import type { OpDefinition } from '../op.ts';
import { checkDtype, checkShapeIs, fail, normalizeAxis, reshaped } from '../validate.ts';

/** Attributes of `writeRows`. */
export interface WriteRowsAttributes {
  /** The axis that `at` counts along; negative counts from the end. */
  readonly axis: number;
}

/**
 * Inputs `x` (any dtype and rank ≥ 1), `rows` (like x, but of an extent T ≤ that of x along `axis`) and `at`
 * (i32, [1]); output: x with its rows at … at + T − 1 along `axis` replaced. Rows outside of x are an error
 * when the graph runs. Errors: `INVALID_SHAPE`, `INVALID_DTYPE`, `INVALID_ARGUMENT`.
 */
export const writeRowsDefinition: OpDefinition<WriteRowsAttributes> = {
  required: ['x', 'rows', 'at'],
  attributes: { axis: anything },
  flops: () => 0,
  normalize: ({ x }, { axis }) => ({ axis: normalizeAxis('writeRows', axis, x.shape) }),
  infer(inputs, attributes) {
    const { x, rows } = inputs;
    checkDtype('writeRows', inputs, 'rows', [x.dtype]);
    checkDtype('writeRows', inputs, 'at', ['i32']);
    checkShapeIs('writeRows', inputs, 'at', [1], '[1]');
    const axis = normalizeAxis('writeRows', attributes.axis, x.shape);
    const fits =
      rows.shape.length === x.shape.length &&
      rows.shape.every((extent, i) => (i === axis ? extent <= x.shape[i] : extent === x.shape[i]));
    if (!fits) {
      const expected = `like x = ${show(x.shape)}, or shorter along axis ${axis}`;
      fail('INVALID_SHAPE', 'writeRows', `rows must be ${expected}, got ${show(rows.shape)}`);
    }
    return [reshaped(x, x.shape)];
  },
};
