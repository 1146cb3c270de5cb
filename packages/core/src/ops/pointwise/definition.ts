/** Specs and shapes of all pointwise ops, which follow from the table. */
import { oneOf } from '../../check/kinds.ts';
import type { OptionKinds } from '../../check/check-options.ts';
import { sizeOf } from '../../tensor.ts';
import { recordOf } from '../../util/record-of.ts';
import type { OpAttributes } from '../attributes.ts';
import { broadcastShape } from '../broadcast.ts';
import type { NoAttributes, OpDefinition } from '../op.ts';
import { sharedFloat } from '../validate.ts';
import { BINARY_OPS, UNARY_OPS } from './names.ts';
import {
  BINARY,
  UNARY,
  type BinaryOp,
  type GeluAttributes,
  type PointwiseOp,
  type UnaryOp,
} from './table.ts';

/** What core knows of each pointwise op beside its meaning. */
export const pointwiseDefinitions: { readonly [K in PointwiseOp]: OpDefinition<OpAttributes[K]> } = {
  ...recordOf(UNARY_OPS, (op) => unary<NoAttributes>(op, {})),
  gelu: unary<GeluAttributes>('gelu', { approximate: oneOf('none', 'tanh') }),
  ...recordOf(BINARY_OPS, binary),
};

/** Input `x` of any shape, f32 or f16; the output is like it. Errors: `INVALID_DTYPE`. */
function unary<A extends object>(op: UnaryOp, attributes: OptionKinds<A>): OpDefinition<A> {
  return {
    required: ['x'],
    attributes,
    flops: ({ x }) => UNARY[op].flops * sizeOf(x.shape),
    infer: (inputs) => [{ dtype: sharedFloat(op, inputs, ['x']), shape: inputs.x.shape }],
  };
}

/**
 * Inputs `a` and `b`, both f32 or both f16, of shapes that broadcast; the output has their common shape.
 * Errors: `INVALID_DTYPE`, `INVALID_SHAPE`.
 */
function binary(op: BinaryOp): OpDefinition<NoAttributes> {
  return {
    required: ['a', 'b'],
    attributes: {},
    flops: ({ a, b }) => BINARY[op].flops * sizeOf(broadcastShape(op, a.shape, b.shape)),
    infer(inputs) {
      const dtype = sharedFloat(op, inputs, ['a', 'b']);
      return [{ dtype, shape: broadcastShape(op, inputs.a.shape, inputs.b.shape) }];
    },
  };
}
