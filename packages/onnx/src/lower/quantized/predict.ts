/** Predicts the work of lowered products with codes, in the unit of `lower/attention/predict.ts`. */
import type { Graph } from '@attn/core';
import { blocksOf, inputSpecs, ops, sizeOf, type NodeOf } from '@attn/core/backend';
import { NO_WORK, PRODUCT, type Work } from '../attention/predict.ts';
import { isForBytes, isForMatMulNBits } from './forms.ts';

/** An operation of a product of bytes. */
const BYTE_PRODUCT = 0.0012;

/** A weight of 16, 8 or of 4 bits that becomes a number at each run, before a product. */
const DEQUANTIZED = { 16: 0.2, 8: 0.2, 4: 1 };

/** A weight that MatMulNBits unpacks: in its tiles, and in WebAssembly, where it has none. */
const UNPACKED = 0.12;
const UNPACKED_ON_WEB = 1.5;

/** A code of 4 bits that comes with the run. */
const SPLIT = 2;

/** An element of the rows of activations that become integers. */
const INTEGER = { int8: 1.1, int12: 2.5 };

/** An element of the result of a product of bytes, whose sums are scaled. */
const SCALED = { int8: 2.1, int12: 4 };

/** An element of a row of a table of 16, 8 or 4 bits. */
const LOOKED_UP = { 16: 0.5, 8: 1, 4: 1.5 };

/**
 * Operators of activations as integers, of numbers of codes, and of a look-up. Half of them are very small,
 * and not counted.
 */
const OF_INTEGERS = { int8: 6, int12: 10 };
const OF_NUMBERS = 3;
const OF_TABLE = 5;

/**
 * The work of a `quantizedLinear`, without bias and activation.
 * @param hasTiles whether models have ONNX Runtime's own operators, and run natively
 */
export function quantizedLinearWork(graph: Graph, node: NodeOf<'quantizedLinear'>, hasTiles: boolean): Work {
  const { inputs, attributes } = node;
  const { bits, block, inputs: form = 'float' } = attributes;
  const { x, codes, zeroPoints } = inputSpecs(graph, node);
  const [rows, length] = [codes.shape[0], x.shape[x.shape.length - 1]];
  const blocks = blocksOf(length, block);
  const isConstant = [inputs.codes, inputs.scales, inputs.zeroPoints].every(
    (id) => id === undefined || graph.constants.has(id),
  );
  const flops = ops.quantizedLinear.flops(inputSpecs(graph, node), attributes);
  const split = bits === 4 && !isConstant ? SPLIT * rows * length : 0;
  const isInteger = form !== 'float';
  const prepared = isInteger ? INTEGER[form] * sizeOf(x.shape) : 0;
  const matrix = { bits, block, length, blocks, hasZeroPoints: zeroPoints !== undefined, isConstant };
  if (isInteger && isForBytes(matrix)) {
    const digits = form === 'int12' ? 2 : 1;
    const scaled = SCALED[form] * sizeOf(graph.values[node.outputs[0]].shape);
    const dense = prepared + split + digits * BYTE_PRODUCT * flops + scaled;
    return { ...NO_WORK, dense, operators: OF_INTEGERS[form] };
  }
  const unpacks = isForMatMulNBits(matrix);
  const unpacked = hasTiles ? UNPACKED : UNPACKED_ON_WEB;
  const numbers = (unpacks ? unpacked : DEQUANTIZED[bits]) * rows * length;
  const dense = prepared + split + numbers + PRODUCT * flops;
  const operators = (isInteger ? OF_INTEGERS.int8 : 1) + (unpacks ? 0 : OF_NUMBERS);
  return { ...NO_WORK, dense, operators };
}

/** The work of a `quantizedEmbedding`. */
export function quantizedEmbeddingWork(graph: Graph, node: NodeOf<'quantizedEmbedding'>): Work {
  const elements = sizeOf(graph.values[node.outputs[0]].shape);
  return { ...NO_WORK, dense: LOOKED_UP[node.attributes.bits] * elements, operators: OF_TABLE };
}
