/** The references of all pointwise ops: the functions of the table, element by element. */
import { recordOf } from '../../util/record-of.ts';
import type { OpAttributes } from '../attributes.ts';
import { broadcastShape, broadcastStrides, forEachOffset } from '../broadcast.ts';
import type { NoAttributes, OpReference } from '../op.ts';
import { emptyReference, mapReference } from '../reference-tensor.ts';
import { BINARY_OPS, UNARY_OPS, unaryFunction } from './names.ts';
import {
  BINARY_MEANING,
  UNARY_MEANING,
  type BinaryOp,
  type GeluAttributes,
  type PointwiseOp,
} from './table.ts';

/** The meaning of each pointwise op. */
export const pointwiseReferences: { readonly [K in PointwiseOp]: OpReference<OpAttributes[K]> } = {
  ...recordOf(UNARY_OPS, (op): OpReference<NoAttributes> => ({ x }) => [
    mapReference(x, UNARY_MEANING[op].f),
  ]),
  gelu: ({ x }, attributes: GeluAttributes) => [
    mapReference(x, UNARY_MEANING[unaryFunction({ op: 'gelu', attributes })].f),
  ],
  ...recordOf(BINARY_OPS, binary),
};

function binary(op: BinaryOp): OpReference<NoAttributes> {
  const { f } = BINARY_MEANING[op];
  return ({ a, b }) => {
    const out = emptyReference(broadcastShape(op, a.shape, b.shape));
    const strides = [broadcastStrides(a.shape, out.shape), broadcastStrides(b.shape, out.shape)];
    forEachOffset(out.shape, strides, (index, [i, j]) => {
      out.data[index] = f(a.data[i], b.data[j]);
    });
    return [out];
  };
}
