/** Ops that compute each element by itself: a dispatch with an invocation for each element. */
import {
  BINARY_OPS,
  broadcastStrides,
  recordOf,
  sizeOf,
  UNARY_OPS,
  unaryFunction,
  type BinaryOp,
  type UnaryOp,
} from '@attn/core/backend';
import { always, specOf, storageOf, type Emit } from '../graph/context.ts';
import { binaryKernel, binaryParams, UNARY_PARAMS, unaryKernel } from '../kernels/elementwise.ts';
import { elementGrid, packParams } from '../kernels/wgsl.ts';

const emitUnary: Emit<UnaryOp> = (context, node) => {
  const { inputs, outputs } = node;
  const count = sizeOf(specOf(context, outputs[0]).shape);
  if (count === 0) return always();
  return always({
    kernel: unaryKernel(unaryFunction(node), storageOf(context, outputs[0])),
    params: packParams(UNARY_PARAMS, { count }),
    bindings: [inputs.x, outputs[0]],
    grid: elementGrid(count),
  });
};

const emitBinary: Emit<BinaryOp> = (context, { op, inputs, outputs }) => {
  const { a, b } = inputs;
  const { shape } = specOf(context, outputs[0]);
  const count = sizeOf(shape);
  if (count === 0) return always();
  const params: Record<string, number> = { count };
  const [strideA, strideB] = [a, b].map((id) => broadcastStrides(specOf(context, id).shape, shape));
  shape.forEach((extent, axis) => {
    params[`extent${axis}`] = extent;
    params[`a${axis}`] = strideA[axis];
    params[`b${axis}`] = strideB[axis];
  });
  return always({
    kernel: binaryKernel(op, shape.length, storageOf(context, outputs[0])),
    params: packParams(binaryParams(shape.length), params),
    bindings: [a, b, outputs[0]],
    grid: elementGrid(count),
  });
};

/** How ops of one operand are done. */
export const EMIT_UNARY: Record<UnaryOp, Emit<UnaryOp>> = recordOf(UNARY_OPS, () => emitUnary);

/** How ops of two operands are done. */
export const EMIT_BINARY: Record<BinaryOp, Emit<BinaryOp>> = recordOf(BINARY_OPS, () => emitBinary);
