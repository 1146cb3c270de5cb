/** `rotary` in operators of ONNX. */
import type { NodeOf } from '@attn/core/backend';
import type { Name } from '../../model/onnx-model-builder.ts';
import type { LoweringContext } from '../context.ts';

/** Lowers one `rotary` node: both halves of the pairs are cut out, turned, and put together again. */
export function lowerRotary(
  context: LoweringContext,
  { inputs, outputs, attributes }: NodeOf<'rotary'>,
): void {
  const { main, model } = context;
  const { shape } = context.spec(inputs.x);
  const width = shape[shape.length - 1];
  const pairs = context.spec(inputs.cos).shape.at(-1) ?? 0;
  const x = context.value(inputs.x);
  if (pairs === 0) return context.setMoved(outputs[0], x);
  const [cos, sin] = [context.value(inputs.cos), context.value(inputs.sin)];
  const cut = (from: number, to: number, step = 1): Name =>
    main.op('Slice', [x, ...[[from], [to], [-1], [step]].map((values) => model.integers(values))]);
  const { interleaved } = attributes;
  const a = interleaved ? cut(0, 2 * pairs, 2) : cut(0, pairs);
  const b = interleaved ? cut(1, 2 * pairs, 2) : cut(pairs, 2 * pairs);
  const times = (left: Name, right: Name): Name => main.op('Mul', [left, right]);
  const first = main.op('Sub', [times(a, cos), times(b, sin)]);
  const second = main.op('Add', [times(b, cos), times(a, sin)]);
  const rest = width > 2 * pairs ? [cut(2 * pairs, width)] : [];
  const turned = interleaved
    ? alternating(context, first, second, [...shape.slice(0, -1), 2 * pairs])
    : undefined;
  const parts = turned === undefined ? [first, second, ...rest] : [turned, ...rest];
  context.setComputed(outputs[0], parts.length === 1 ? parts[0] : main.op('Concat', parts, { axis: -1 }));
}

/** Numbers of two tensors in turn along the last axis. */
function alternating(
  { main, model }: LoweringContext,
  first: Name,
  second: Name,
  shape: readonly number[],
): Name {
  const axis = model.integers([shape.length]);
  const columns = [first, second].map((name) => main.op('Unsqueeze', [name, axis]));
  return main.reshape(main.op('Concat', columns, { axis: -1 }), [...shape]);
}
