/** Weights of halves as numbers. They are operands as they lie, and become f32 at each run. */
import type { Graph, HalfForm } from '@attn/core';
import { blocksOf, type GraphNode, type NodeOf } from '@attn/core/backend';
import type { Name } from '../../model/values.ts';
import type { LoweringContext } from '../context.ts';
import { firstColumns } from './codes.ts';

/** A node whose weight is halves. */
export interface HalfWeight {
  readonly node: NodeOf<'quantizedLinear'> | NodeOf<'quantizedEmbedding'>;
  readonly float: HalfForm;
  /** The length of a row. */
  readonly length: number;
}

/** Why a node cannot be lowered, though its op can: ONNX has no operator that makes halves of bytes. */
export function halvesObstacle(graph: Graph, { op, inputs, attributes }: GraphNode): string | undefined {
  const hasHalves = 'float' in attributes && attributes.float !== undefined;
  if (!hasHalves || graph.constants.has(inputs.codes)) return undefined;
  return `the weight of ${op} is halves that come with the run, and must be a constant`;
}

/**
 * Writes the operators that make the numbers of a matrix, f32 [rows, length], at each run. They wait for
 * `before`: ONNX Runtime would make the numbers of all layers first, and hold them.
 */
export function numbersOfHalves(context: LoweringContext, weight: HalfWeight, before: Name): Name {
  const { main, model } = context;
  const [rows, width] = extentsOf(context, weight);
  const nothing = main.slice(main.reshape(before, [-1]), [0, 0], 0);
  const extents = main.op('Concat', [model.integers([rows, width]), main.cast(nothing, 'i64')], { axis: 0 });
  const waiting = main.op('Reshape', [storedHalves(context, weight), extents], { allowzero: 1 });
  return widened(context, weight, main.reshape(waiting, [rows, width]));
}

/** Writes the operators that look rows up, f32 [ids, length]. */
export function rowsOfHalves(context: LoweringContext, weight: HalfWeight, ids: Name): Name {
  const rows = context.main.op('Gather', [storedHalves(context, weight), ids], { axis: 0 });
  return widened(context, weight, rows);
}

/** The extents of the matrix, whose last block may be filled up. */
function extentsOf(context: LoweringContext, { node, length }: HalfWeight): readonly [number, number] {
  const { block } = node.attributes;
  return [context.spec(node.inputs.codes).shape[0], blocksOf(length, block) * block];
}

function storedHalves(context: LoweringContext, weight: HalfWeight): Name {
  const { node, float } = weight;
  return context.constantAs(node.inputs.codes, { dtype: float, shape: extentsOf(context, weight) });
}

function widened(context: LoweringContext, weight: HalfWeight, halves: Name): Name {
  const numbers = context.main.cast(halves, 'f32');
  const [, width] = extentsOf(context, weight);
  return width === weight.length ? numbers : firstColumns(context, numbers, weight.length);
}
