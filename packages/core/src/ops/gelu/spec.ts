/** The `gelu` op. Hendrycks & Gimpel 2016, https://arxiv.org/abs/1606.08415 */
import { oneOf } from '../../check/kinds.ts';
import { sizeOf } from '../../tensor.ts';
import type { OpSpec } from '../op.ts';

/** Attributes of `gelu`. */
export interface GeluAttributes {
  /** `none`: x · Φ(x), by the error function. `tanh`: 0.5 x (1 + tanh(√(2/π) (x + 0.044715 x³))). */
  readonly approximate: 'none' | 'tanh';
}

/** Input `x` of any shape, f32 or f16; the output is like it. Errors: `INVALID_DTYPE`, `INVALID_ARGUMENT`. */
export const geluSpec: OpSpec<GeluAttributes> = {
  required: ['x'],
  attributes: { approximate: oneOf('none', 'tanh') },
  flops: ({ x }) => 12 * sizeOf(x.shape),
};
