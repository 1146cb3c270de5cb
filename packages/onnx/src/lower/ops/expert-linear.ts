/**
 * `expertLinear` in operators of ONNX. Rows are sorted by their experts and split where experts begin; each
 * expert multiplies its part, which may be empty, by weights of its own that nothing copies.
 */
import { sizeOf, type NodeOf, type ValueId } from '@attn/core/backend';
import type { Name } from '../../model/values.ts';
import type { LoweringContext } from '../context.ts';
import { indicesOf } from './move.ts';

/** Lowers one `expertLinear` node. */
export function lowerExpertLinear(context: LoweringContext, node: NodeOf<'expertLinear'>): void {
  const { main, model } = context;
  const { inputs, outputs } = node;
  const [id] = outputs;
  const [count, depth] = context.spec(inputs.weight).shape;
  const { shape: chosenShape } = context.spec(inputs.experts);
  const choices = sizeOf(chosenShape);
  const { shape } = context.spec(id);
  const fill = (value: Name, extents: readonly number[]): Name =>
    main.op('Expand', [value, model.integers(extents)]);
  if (sizeOf(shape) === 0) return context.setComputed(id, fill(model.scalar(0), shape));

  const indices = main.cast(indicesOf(context, node, 'experts'), 'i64');
  const experts = main.reshape(indices, [choices]);
  if (depth === 0) {
    // ONNX Runtime would leave sums without terms uninitialised.
    const bias = context.input(node, 'bias');
    const sums = bias === undefined ? fill(model.scalar(0), shape) : main.op('Gather', [bias, experts]);
    return context.setComputed(id, main.reshape(sums, shape));
  }

  const sorting = { axis: 0, largest: 0, sorted: 1 };
  const [, order] = main.ops('TopK', [experts, model.integers([choices])], 2, sorting);
  const [zero, unit] = [model.scalar(0, 'i64'), model.scalar(1, 'i64')];
  const scatter = (size: number, at: Name, updates: Name, reduction?: string): Name =>
    main.op('ScatterElements', [fill(zero, [size]), at, updates], { axis: 0, reduction });
  const sizes = scatter(count, experts, fill(unit, [choices]), 'add');
  const perRow = chosenShape[chosenShape.length - 1];
  const x = main.reshape(context.value(inputs.x), [choices / perRow, depth]);
  const rows = main.op('Gather', [x, main.op('Div', [order, model.scalar(perRow, 'i64')])]);
  const parts = main.ops('Split', [rows, sizes], count, { axis: 0 });
  const weights = partsOf(context, inputs.weight);
  const biases = inputs.bias === undefined ? undefined : partsOf(context, inputs.bias);
  const products = parts.map((part, expert) =>
    main.op('Gemm', [part, weights[expert], ...(biases === undefined ? [] : [biases[expert]])]),
  );
  const places = main.op('Range', [zero, model.scalar(choices, 'i64'), unit]);
  const together = main.op('Concat', products, { axis: 0 });
  const inOrder = main.op('Gather', [together, scatter(choices, order, places)]);
  context.setComputed(id, main.reshape(inOrder, shape));
}

/** The slices of a value along its first axis, without that axis. Those of f32 constants are constants. */
function partsOf(context: LoweringContext, id: ValueId): readonly Name[] {
  const constants = context.constantParts(id);
  if (constants !== undefined) return constants;
  const { main, model } = context;
  const [count, ...shape] = context.spec(id).shape;
  const ones = model.integers(Array.from({ length: count }, () => 1));
  const parts = main.ops('Split', [context.value(id), ones], count, { axis: 0 });
  return parts.map((part) => main.reshape(part, shape));
}
