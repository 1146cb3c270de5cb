/** Lowers the ops that move or drop elements and compute nothing. */
import { concatOperands, isLazy, type NodeOf, type OpName } from '@attn/core/backend';
import type { Name } from '../../model/values.ts';
import type { LoweringContext } from '../context.ts';
import { stateOf } from '../state-of.ts';

/** Lowers one `reshape` node. */
export function lowerReshape(context: LoweringContext, node: NodeOf<'reshape'>): void {
  const [id] = node.outputs;
  context.setMoved(id, context.main.reshape(context.value(node.inputs.x), context.spec(id).shape));
}

/** Lowers one `mask` node. It selects, because a product with 0 would keep NaN. */
export function lowerMask(context: LoweringContext, node: NodeOf<'mask'>): void {
  const { main, model } = context;
  const { x, mask } = node.inputs;
  const name = context.value(mask);
  const isVisible = context.spec(mask).dtype === 'bool' ? name : main.cast(name, 'bool');
  context.setMoved(node.outputs[0], main.op('Where', [isVisible, context.value(x), model.scalar(0)]));
}

/** Lowers one `transpose` node. */
export function lowerTranspose(context: LoweringContext, node: NodeOf<'transpose'>): void {
  const { permutation } = node.attributes;
  const x = context.value(node.inputs.x);
  // A tensor without axes has nothing to permute.
  const moved = permutation.length === 0 ? x : context.main.op('Transpose', [x], { perm: permutation });
  context.setMoved(node.outputs[0], moved);
}

/** Lowers one `slice` node. */
export function lowerSlice(context: LoweringContext, node: NodeOf<'slice'>): void {
  const { starts, ends } = node.attributes;
  const { main, model } = context;
  const x = context.value(node.inputs.x);
  const sliced =
    starts.length === 0 ? x : main.op('Slice', [x, model.integers(starts), model.integers(ends)]);
  context.setMoved(node.outputs[0], sliced);
}

/** Lowers one `concat` node. */
export function lowerConcat(context: LoweringContext, node: NodeOf<'concat'>): void {
  const parts = concatOperands(node.inputs).map((id) => context.value(id));
  context.setMoved(node.outputs[0], context.main.op('Concat', parts, { axis: node.attributes.axis }));
}

/** Lowers one `gather` node. */
export function lowerGather(context: LoweringContext, node: NodeOf<'gather'>): void {
  const { axis } = node.attributes;
  const indices = indicesOf(context, node, 'indices');
  context.setMoved(
    node.outputs[0],
    context.main.op('Gather', [context.value(node.inputs.x), indices], { axis }),
  );
}

/** Lowers one `embedding` node. */
export function lowerEmbedding(context: LoweringContext, node: NodeOf<'embedding'>): void {
  const ids = indicesOf(context, node, 'ids');
  context.setMoved(node.outputs[0], context.main.op('Gather', [tableOf(context, node), ids], { axis: 0 }));
}

/**
 * The table of an `embedding`. ONNX Runtime packs a weight and then lets go of it. A table that is also a
 * weight would keep it all in memory for a few rows, so it is mapped a second time, as what only rows are
 * read of.
 */
function tableOf(context: LoweringContext, { inputs: { table } }: NodeOf<'embedding'>): Name {
  const { graph, options } = context;
  const constant = context.constant(table);
  const isMapped = constant !== undefined && isLazy(constant) && constant.file !== undefined;
  const isWeight = graph.nodes.some(({ op, inputs }) => op === 'linear' && inputs.weight === table);
  const isPlain = context.spec(table).dtype === 'f32';
  if (!options.savesMemory || !isMapped || !isPlain || !isWeight) return context.value(table);
  return context.formOf(table, 'rows', (wish, tensor) => context.model.tensor(wish, tensor));
}

/**
 * Lowers one `writeRows` node, as its parts; see `written-rows.ts`. What is written to a state also becomes
 * outputs of the model.
 */
export function lowerWriteRows(context: LoweringContext, node: NodeOf<'writeRows'>): void {
  const { axis } = node.attributes;
  const { main, model, graph } = context;
  const { x, rows: rowsId, at } = node.inputs;
  const [out] = node.outputs;
  const { shape } = context.spec(x);
  const spec = context.spec(rowsId);
  const [extent, count] = [shape[axis], spec.shape[axis]];
  const rows = context.value(rowsId);
  // A gather refuses a place that is out of bounds; a slice would not.
  const start = context.shared(`start ${at} ${extent} ${count}`, () => {
    const places = model.integers(Array.from({ length: extent - count + 1 }, (_, place) => place));
    return main.op('Gather', [places, indicesOf(context, node, 'at')], { axis: 0 });
  });
  const end = context.shared(`end ${at} ${extent} ${count}`, () =>
    main.op('Add', [start, model.integers([count])]),
  );
  context.setWritten(out, { old: () => context.value(x), rows, axis, extent, count, start, end });
  const state = stateOf(graph, out);
  if (state !== undefined) context.stateWrites.push({ state, shape, axis, spec, rows, start });
}

/** Indices in which negative ones are out of bounds, as in core: ONNX would count them from the end. */
export function indicesOf(context: LoweringContext, node: NodeOf<OpName>, input: string): Name {
  const { main, model } = context;
  const id = node.inputs[input];
  const name = context.value(id);
  if (context.spec(id).dtype === 'u32') return main.cast(name, 'i64');
  const isNegative = main.op('Less', [name, model.scalar(0, 'i32')]);
  return main.op('Where', [isNegative, model.scalar(2 ** 31 - 1, 'i32'), name]);
}
