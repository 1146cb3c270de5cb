/** The `argsort` op: of equal elements TopK takes those of lower index first, as the standard says, so that its order is stable. */
import type { NodeOf } from '@attn/core/backend';
import type { LoweringContext } from '../context.ts';

export function lowerArgsort(context: LoweringContext, node: NodeOf<'argsort'>): void {
  const { main, model } = context;
  const spec = context.spec(node.inputs.x);
  const length = spec.shape[spec.shape.length - 1];
  // TopK has no unsigned integers.
  const x = context.value(node.inputs.x);
  const signed = spec.dtype === 'u32' ? main.cast(x, 'i64') : x;
  const attributes = { axis: -1, largest: 0, sorted: 1 };
  const [, places] = main.ops('TopK', [signed, model.integers([length])], 2, attributes);
  context.setMoved(node.outputs[0], main.cast(places, 'i32'));
}
