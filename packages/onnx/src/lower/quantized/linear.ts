/**
 * `quantizedLinear` in operators of ONNX. Numbers, and integers of rows with several scales, are multiplied
 * in f32: by MatMulNBits, which unpacks codes of 4 bits in its tiles, or by a product with the numbers of the
 * codes, or of halves. Integers of rows with one scale are multiplied as bytes, which is exact.
 */
import { sizeOf, type NodeOf } from '@attn/core/backend';
import { MICROSOFT } from '../../model/domains.ts';
import type { Name } from '../../model/values.ts';
import type { LoweringContext } from '../context.ts';
import { UNARY } from '../ops/unary.ts';
import { matrixOf, numbersOf, type CodeMatrix } from './codes.ts';
import { isForBytes, isForMatMulNBits } from './forms.ts';
import { numbersOfHalves } from './halves.ts';
import { integerProduct, scaledRows } from './integers.ts';

/** With this, MatMulNBits computes in f32, and does not round its inputs to bytes. */
const FULL_ACCURACY = 1;

/** Lowers one `quantizedLinear` node. */
export function lowerQuantizedLinear(context: LoweringContext, node: NodeOf<'quantizedLinear'>): void {
  const { main, model } = context;
  const { inputs: form = 'float', float, activation } = node.attributes;
  const [id] = node.outputs;
  const { shape } = context.spec(id);
  const length = context.spec(node.inputs.x).shape.at(-1) ?? 1;
  const flat = [sizeOf(shape.slice(0, -1)), context.spec(node.inputs.codes).shape[0]];
  const zeros = (extents: readonly number[]): Name =>
    main.op('Expand', [model.scalar(0), model.integers(extents)]);
  if (sizeOf(shape) === 0) return context.setComputed(id, zeros(shape));
  const bias = context.input(node, 'bias');
  const withBias = (sums: Name): Name => (bias === undefined ? sums : main.op('Add', [sums, bias]));

  let sums: Name;
  const x = main.reshape(context.value(node.inputs.x), [flat[0], length]);
  // A sum without terms is 0. ONNX Runtime would leave it uninitialised.
  if (length === 0) sums = withBias(zeros(flat));
  else if (float !== undefined) {
    sums = productOfNumbers(context, x, numbersOfHalves(context, { node, float, length }, x), bias);
  } else if (form === 'float') sums = floatProduct(context, x, matrixOf(context, node, length), bias);
  else {
    const matrix = matrixOf(context, node, length);
    const rows = scaledRows(context, x, form);
    if (isForBytes(matrix)) sums = withBias(integerProduct(context, rows, matrix, form));
    else {
      const product = floatProduct(context, main.op('Round', [rows.numbers]), matrix);
      sums = withBias(main.op('Mul', [product, rows.scale]));
    }
  }
  const activated = activation === undefined ? sums : UNARY[activation](context, sums);
  context.setComputed(id, main.reshape(activated, shape));
}

/** x · weightᵀ + bias in f32. */
function floatProduct(context: LoweringContext, x: Name, matrix: CodeMatrix, bias?: Name): Name {
  const { main } = context;
  if (!isForMatMulNBits(matrix) || context.options.portable) {
    return productOfNumbers(context, x, numbersOf(context, matrix, x), bias);
  }
  const { codes, scales, zeroPoints, bits, block, length, rows } = matrix;
  const operands = [codes, scales, ...(zeroPoints === undefined ? [] : [zeroPoints])];
  const attributes = { K: length, N: rows, bits, block_size: block, accuracy_level: FULL_ACCURACY };
  const names = operands.map((id) => context.value(id));
  const sums = main.op('MatMulNBits', [x, ...names], attributes, MICROSOFT);
  return bias === undefined ? sums : main.op('Add', [sums, bias]);
}

/** x · weightᵀ + bias, of a weight of f32 numbers. */
function productOfNumbers({ main }: LoweringContext, x: Name, weight: Name, bias?: Name): Name {
  return main.op('Gemm', bias === undefined ? [x, weight] : [x, weight, bias], { transB: 1 });
}
