/**
 * Lowers the `argsort` op to TopK, which the standard makes stable: among equal elements the lower index
 * comes first.
 */
import { sizeOf, type NodeOf } from '@attn/core/backend';
import type { LoweringContext } from '../context.ts';

/** Lowers one `argsort` node. */
export function lowerArgsort(context: LoweringContext, node: NodeOf<'argsort'>): void {
  const { main, model } = context;
  const spec = context.spec(node.inputs.x);
  const length = spec.shape[spec.shape.length - 1];
  if (sizeOf(spec.shape) === 0) {
    // ONNX Runtime divides by the number of rows.
    const empty = main.op('Expand', [model.scalar(0, 'i32'), model.integers(spec.shape)]);
    return context.setMoved(node.outputs[0], empty);
  }
  // TopK does not take unsigned integers.
  const x = context.value(node.inputs.x);
  const signed = spec.dtype === 'u32' ? main.cast(x, 'i64') : x;
  const attributes = { axis: -1, largest: 0, sorted: 1 };
  const [, places] = main.ops('TopK', [signed, model.integers([length])], 2, attributes);
  context.setMoved(node.outputs[0], main.cast(places, 'i32'));
}
