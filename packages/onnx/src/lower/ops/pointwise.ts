/** Ops that compute each element by itself. */
import {
  BINARY_OPS,
  recordOf,
  UNARY_OPS,
  unaryFunction,
  type BinaryOp,
  type UnaryOp,
} from '@attn/core/backend';
import { BINARY } from './binary.ts';
import type { Lower } from './lower-op.ts';
import { UNARY } from './unary.ts';

const lowerUnary: Lower<UnaryOp> = (context, node) => {
  const emit = UNARY[unaryFunction(node)];
  context.setComputed(node.outputs[0], emit(context, context.value(node.inputs.x)));
};

const lowerBinary: Lower<BinaryOp> = (context, { op, inputs, outputs }) => {
  const [a, b] = [context.value(inputs.a), context.value(inputs.b)];
  context.setComputed(outputs[0], BINARY[op](context, a, b));
};

/** How ops of one operand are written. */
export const LOWER_UNARY: Record<UnaryOp, Lower<UnaryOp>> = recordOf(UNARY_OPS, () => lowerUnary);

/** How ops of two operands are written. */
export const LOWER_BINARY: Record<BinaryOp, Lower<BinaryOp>> = recordOf(BINARY_OPS, () => lowerBinary);
