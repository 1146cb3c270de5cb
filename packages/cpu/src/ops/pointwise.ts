/** Pointwise ops: core's functions in float64, applied element by element, and rounded as they are stored. */
import {
  BINARY_OPS,
  broadcastStrides,
  forEachRow,
  inChunks,
  recordOf,
  UNARY_MEANING,
  UNARY_OPS,
  unaryFunction,
  type BinaryOp,
  type KernelCall,
  type UnaryOp,
} from '@attn/core/backend';
import { readFloats, writeFloats } from '../floats.ts';

/** The kernels of ops of one operand. */
export const unaryKernels: Record<UnaryOp, (call: KernelCall<UnaryOp>) => Promise<void>> = recordOf(
  UNARY_OPS,
  () => unary,
);

async function unary({ node, inputs, outputs, context }: KernelCall<UnaryOp>): Promise<void> {
  const { f } = UNARY_MEANING[unaryFunction(node)];
  const x = readFloats(inputs.x);
  const out = writeFloats(outputs[0]);
  await inChunks(x.length, 1, context.pause, (from, to) => {
    for (let i = from; i < to; i++) out.data[i] = f(x[i]);
  });
  out.done();
}

/** Combines a row of two operands: out[to + n] from a[i + n·aStep] and b[j + n·bStep]. */
type RowLoop = (
  a: Float32Array,
  i: number,
  aStep: number,
  b: Float32Array,
  j: number,
  bStep: number,
  out: Float32Array,
  to: number,
  length: number,
) => void;

/** A loop for each op: a loop that is shared by several functions would call them, and take twice as long. */
const LOOPS: Readonly<Record<BinaryOp, RowLoop>> = {
  add(a, i, aStep, b, j, bStep, out, to, length) {
    for (const end = to + length; to < end; to++, i += aStep, j += bStep) out[to] = a[i] + b[j];
  },
  sub(a, i, aStep, b, j, bStep, out, to, length) {
    for (const end = to + length; to < end; to++, i += aStep, j += bStep) out[to] = a[i] - b[j];
  },
  mul(a, i, aStep, b, j, bStep, out, to, length) {
    for (const end = to + length; to < end; to++, i += aStep, j += bStep) out[to] = a[i] * b[j];
  },
  div(a, i, aStep, b, j, bStep, out, to, length) {
    for (const end = to + length; to < end; to++, i += aStep, j += bStep) out[to] = a[i] / b[j];
  },
  max(a, i, aStep, b, j, bStep, out, to, length) {
    for (const end = to + length; to < end; to++, i += aStep, j += bStep) out[to] = Math.max(a[i], b[j]);
  },
  min(a, i, aStep, b, j, bStep, out, to, length) {
    for (const end = to + length; to < end; to++, i += aStep, j += bStep) out[to] = Math.min(a[i], b[j]);
  },
};

/** The kernels of ops of two operands, which broadcast. */
export const binaryKernels: Record<BinaryOp, (call: KernelCall<BinaryOp>) => Promise<void>> = recordOf(
  BINARY_OPS,
  (op) => (call) => binary(call, LOOPS[op]),
);

async function binary({ inputs, outputs, context }: KernelCall<BinaryOp>, combine: RowLoop): Promise<void> {
  const { shape } = outputs[0];
  const strides = [inputs.a, inputs.b].map((operand) => broadcastStrides(operand.shape, shape));
  const [aStep, bStep] = strides.map((steps) => steps.at(-1) ?? 0);
  const a = readFloats(inputs.a);
  const b = readFloats(inputs.b);
  const out = writeFloats(outputs[0]);
  await forEachRow({ shape, strides }, context.pause, (to, length, [i, j]) =>
    combine(a, i, aStep, b, j, bStep, out.data, to, length),
  );
  out.done();
}
