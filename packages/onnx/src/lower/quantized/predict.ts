/** Predicts the work of lowered products with codes, in the unit of `lower/attention/predict.ts`. */
import type { Graph } from '@attn/core';
import { blocksOf, inputSpecs, ops, sizeOf, type NodeOf } from '@attn/core/backend';
import { NO_WORK, PRODUCT, type Work } from '../attention/predict.ts';
import { isForBytes, isForMatMulNBits } from './forms.ts';

/** An operation of a product of bytes. */
const BYTE_PRODUCT = 0.0016;

/** A weight that becomes a number at each run: in the tiles of MatMulNBits, or before a product. */
const UNPACKED = 0.05;
const DEQUANTIZED = { 8: 0.25, 4: 1 };

/** A code of 4 bits that comes with the run. */
const SPLIT = 2;

/** An element of the rows of activations that become integers. */
const INTEGER = { int8: 1.1, int12: 2.5 };

/** An element of the result of a product of bytes, whose sums are scaled. */
const SCALED = { int8: 2.7, int12: 4.6 };

/** An element of a row of a table of 8 or 4 bits. */
const LOOKED_UP = { 8: 1, 4: 4 };

/** Operators beside those of all nodes: of activations as integers, of numbers of codes, and of a look-up. */
const OF_INTEGERS = { int8: 12, int12: 20 };
const OF_NUMBERS = 6;
const OF_TABLE = 9;

/** The work of a `quantizedLinear`, without bias and activation. */
export function quantizedLinearWork(graph: Graph, node: NodeOf<'quantizedLinear'>): Work {
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
  const numbers = (unpacks ? UNPACKED : DEQUANTIZED[bits]) * rows * length;
  const dense = prepared + split + numbers + PRODUCT * flops;
  const operators = (isInteger ? OF_INTEGERS.int8 : 1) + (unpacks ? 0 : OF_NUMBERS);
  return { ...NO_WORK, dense, operators };
}

/** The work of a `quantizedEmbedding`. */
export function quantizedEmbeddingWork(graph: Graph, node: NodeOf<'quantizedEmbedding'>): Work {
  const elements = sizeOf(graph.values[node.outputs[0]].shape);
  return { ...NO_WORK, dense: LOOKED_UP[node.attributes.bits] * elements, operators: OF_TABLE };
}
