/** `rotary` in operators of ONNX. */
import type { NodeOf } from '@attn/core/backend';
import type { Name } from '../../model/values.ts';
import type { LoweringContext } from '../context.ts';

/** Lowers one `rotary` node: both halves of the pairs are taken apart, turned, and put together again. */
export function lowerRotary(
  context: LoweringContext,
  { inputs, outputs, attributes }: NodeOf<'rotary'>,
): void {
  const { main, model } = context;
  const { shape } = context.spec(inputs.x);
  const [rows, width] = [shape.slice(0, -1), shape[shape.length - 1]];
  const pairs = context.spec(inputs.cos).shape.at(-1) ?? 0;
  const x = context.value(inputs.x);
  if (pairs === 0) return context.setMoved(outputs[0], x);
  const isWhole = width === 2 * pairs;
  // The axis of the two numbers of a pair.
  const axis = attributes.interleaved ? -1 : -2;
  const split = attributes.interleaved ? [pairs, 2] : [2, pairs];
  const paired = main.reshape(isWhole ? x : main.slice(x, [0, 2 * pairs], -1), [...rows, ...split]);
  const [a, b] = [0, 1].map((i) => main.op('Gather', [paired, model.integers([i])], { axis }));
  const [cos, sin] = [inputs.cos, inputs.sin].map((id) =>
    main.op('Unsqueeze', [context.value(id), model.integers([axis])]),
  );
  const times = (left: Name, right: Name): Name => main.op('Mul', [left, right]);
  const first = main.op('Sub', [times(a, cos), times(b, sin)]);
  const second = main.op('Add', [times(b, cos), times(a, sin)]);
  const turned = main.reshape(main.op('Concat', [first, second], { axis }), [...rows, 2 * pairs]);
  const out = isWhole
    ? turned
    : main.op('Concat', [turned, main.slice(x, [2 * pairs, width], -1)], { axis: -1 });
  context.setComputed(outputs[0], out);
}
