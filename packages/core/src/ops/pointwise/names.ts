/** The names in the table, as lists, and which function a node computes. */
import type { NoAttributes } from '../op.ts';
import {
  BINARY,
  UNARY,
  type Activation,
  type BinaryOp,
  type GeluAttributes,
  type UnaryFunction,
  type UnaryOp,
} from './table.ts';

/** All functions of one number. */
export const UNARY_FUNCTIONS: readonly UnaryFunction[] = Object.keys(UNARY) as UnaryFunction[];

/** All ops of one operand. */
export const UNARY_OPS: readonly UnaryOp[] = UNARY_FUNCTIONS.filter((name) => name !== 'gelu_tanh');

/** All ops of two operands. */
export const BINARY_OPS: readonly BinaryOp[] = Object.keys(BINARY) as BinaryOp[];

/** All activations of `linear`. */
export const ACTIVATIONS: readonly Activation[] = UNARY_FUNCTIONS.filter(isActivation);

function isActivation(name: UnaryFunction): name is Activation {
  return UNARY[name].fuses;
}

/** The function that a node of one operand computes. */
export function unaryFunction({ op, attributes }: UnaryNode): UnaryFunction {
  return op === 'gelu' && attributes.approximate === 'tanh' ? 'gelu_tanh' : op;
}

/** What `unaryFunction` reads of a node. */
interface UnaryNode {
  readonly op: UnaryOp;
  readonly attributes: NoAttributes | GeluAttributes;
}
