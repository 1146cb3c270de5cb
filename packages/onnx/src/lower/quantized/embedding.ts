/** `quantizedEmbedding` in operators of ONNX: codes of the rows are gathered, and then become numbers. */
import { sizeOf, type NodeOf } from '@attn/core/backend';
import type { Name } from '../../model/values.ts';
import type { LoweringContext } from '../context.ts';
import { indicesOf } from '../ops/move.ts';
import { rowsOfHalves } from './halves.ts';
import { dequantized, matrixOf, unpacked, zeroBytesOf } from './codes.ts';

/** Lowers one `quantizedEmbedding` node. */
export function lowerQuantizedEmbedding(context: LoweringContext, node: NodeOf<'quantizedEmbedding'>): void {
  const { main, model } = context;
  const { inputs, outputs, attributes } = node;
  const [id] = outputs;
  const { shape } = context.spec(id);
  if (sizeOf(shape) === 0) {
    context.setMoved(id, main.op('Expand', [model.scalar(0), model.integers(shape)]));
    return;
  }
  const { float, dim } = attributes;
  const rows = sizeOf(context.spec(inputs.ids).shape);
  const ids = main.reshape(indicesOf(context, node, 'ids'), [rows]);
  if (float !== undefined) {
    const numbers = rowsOfHalves(context, { node, float, length: dim }, ids);
    context.setMoved(id, main.reshape(numbers, shape));
    return;
  }
  const table = matrixOf(context, node, dim);
  const { bits, block, blocks, codes, scales, zeroPoints } = table;
  const gathered = (value: Name): Name => main.op('Gather', [value, ids], { axis: 0 });
  const bytes = gathered(context.value(codes));
  const ofBlocks = main.reshape(bits === 8 ? bytes : unpacked(context, bytes), [rows * blocks, block]);
  const scale = main.reshape(gathered(context.value(scales)), [rows * blocks]);
  const stored = zeroPoints === undefined ? undefined : gathered(context.value(zeroPoints));
  const zeros = zeroBytesOf(context, table, rows, stored);
  context.setMoved(id, main.reshape(dequantized(context, table, ofBlocks, scale, zeros, rows), shape));
}
