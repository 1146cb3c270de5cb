/** `topK` in operators of ONNX. The standard makes TopK stable, but leaves NaN open. */
import { sizeOf, type NodeOf } from '@attn/core/backend';
import type { LoweringContext } from '../context.ts';

/** Lowers one `topK` node. */
export function lowerTopK(context: LoweringContext, { inputs, outputs, attributes }: NodeOf<'topK'>): void {
  const { main, model } = context;
  const { shape } = context.spec(outputs[0]);
  if (sizeOf(shape) === 0) {
    // ONNX Runtime divides by the number of rows.
    const size = model.integers(shape);
    context.setMoved(outputs[0], main.op('Expand', [model.scalar(0), size]));
    context.setMoved(outputs[1], main.op('Expand', [model.scalar(0, 'i32'), size]));
    return;
  }
  const x = context.value(inputs.x);
  const numbers = main.op('Where', [main.op('IsNaN', [x]), model.scalar(-Infinity), x]);
  const options = { axis: -1, largest: 1, sorted: 1 };
  const [, places] = main.ops('TopK', [numbers, model.integers([attributes.k])], 2, options);
  context.setMoved(outputs[0], main.op('GatherElements', [x, places], { axis: -1 }));
  context.setMoved(outputs[1], main.cast(places, 'i32'));
}
