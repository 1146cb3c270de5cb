/** Ops that only move elements, or leave some out. */
import { concatOperands, type NodeOf, type OpName } from '@attn/core/backend';
import type { Name } from '../../model/model-builder.ts';
import type { LoweringContext } from '../context.ts';

export function lowerReshape(context: LoweringContext, node: NodeOf<'reshape'>): void {
  const [id] = node.outputs;
  context.setMoved(id, context.main.reshape(context.value(node.inputs.x), context.spec(id).shape));
}

/** A choice, because a product with 0 would keep NaN. */
export function lowerMask(context: LoweringContext, node: NodeOf<'mask'>): void {
  const { main, model } = context;
  const { x, mask } = node.inputs;
  const flags = context.value(mask);
  const isShown = context.spec(mask).dtype === 'bool' ? flags : main.cast(flags, 'bool');
  context.setMoved(node.outputs[0], main.op('Where', [isShown, context.value(x), model.scalar(0)]));
}

export function lowerTranspose(context: LoweringContext, node: NodeOf<'transpose'>): void {
  const { permutation } = node.attributes;
  const x = context.value(node.inputs.x);
  // A single number has no axes to permute.
  const moved = permutation.length === 0 ? x : context.main.op('Transpose', [x], { perm: permutation });
  context.setMoved(node.outputs[0], moved);
}

export function lowerSlice(context: LoweringContext, node: NodeOf<'slice'>): void {
  const { starts, ends } = node.attributes;
  const { main, model } = context;
  const x = context.value(node.inputs.x);
  const sliced =
    starts.length === 0 ? x : main.op('Slice', [x, model.integers(starts), model.integers(ends)]);
  context.setMoved(node.outputs[0], sliced);
}

export function lowerConcat(context: LoweringContext, node: NodeOf<'concat'>): void {
  const parts = concatOperands(node.inputs).map((id) => context.value(id));
  context.setMoved(node.outputs[0], context.main.op('Concat', parts, { axis: node.attributes.axis }));
}

export function lowerGather(context: LoweringContext, node: NodeOf<'gather'>): void {
  const { axis } = node.attributes;
  const indices = indicesOf(context, node, 'indices');
  context.setMoved(
    node.outputs[0],
    context.main.op('Gather', [context.value(node.inputs.x), indices], { axis }),
  );
}

export function lowerEmbedding(context: LoweringContext, node: NodeOf<'embedding'>): void {
  const ids = indicesOf(context, node, 'ids');
  context.setMoved(
    node.outputs[0],
    context.main.op('Gather', [context.value(node.inputs.table), ids], { axis: 0 }),
  );
}

/**
 * Indices that never count from the end: a negative index becomes one that is too large.
 */
function indicesOf(context: LoweringContext, node: NodeOf<OpName>, input: string): Name {
  const { main, model } = context;
  const id = node.inputs[input];
  const name = context.value(id);
  if (context.spec(id).dtype === 'u32') return main.cast(name, 'i64');
  const isNegative = main.op('Less', [name, model.scalar(0, 'i32')]);
  return main.op('Where', [isNegative, model.scalar(2 ** 31 - 1, 'i32'), name]);
}
