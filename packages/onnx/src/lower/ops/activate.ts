/** Activations, as ops of their own and behind `linear`. */
import type { Activation } from '@attn/core';
import type { NodeOf } from '@attn/core/backend';
import { MICROSOFT, type Name } from '../../model/onnx-model-builder.ts';
import type { LoweringContext } from '../context.ts';

export function lowerGelu(context: LoweringContext, node: NodeOf<'gelu'>): void {
  const kind = node.attributes.approximate === 'tanh' ? 'gelu_tanh' : 'gelu';
  lowerActivation(context, node, kind);
}

export function lowerRelu(context: LoweringContext, node: NodeOf<'relu'>): void {
  lowerActivation(context, node, 'relu');
}

export function lowerTanh(context: LoweringContext, node: NodeOf<'tanh'>): void {
  lowerActivation(context, node, 'tanh');
}

function lowerActivation(
  context: LoweringContext,
  node: NodeOf<'gelu' | 'relu' | 'tanh'>,
  kind: Activation,
): void {
  context.setComputed(node.outputs[0], emitActivation(context, context.value(node.inputs.x), kind));
}

/** x, activated. */
export function emitActivation(context: LoweringContext, x: Name, kind: Activation): Name {
  const { main, model, options } = context;
  switch (kind) {
    case 'relu':
      if (!options.portable) return main.op('Max', [x, model.scalar(0)]);
      // A comparison, because a maximum may lose NaN.
      return main.op('Where', [main.op('Less', [x, model.scalar(0)]), model.scalar(0), x]);
    case 'tanh':
      return main.op('Tanh', [x]);
    case 'gelu': {
      const bounded = boundedBelow(context, x);
      if (!options.portable) return main.op('Gelu', [bounded], {}, MICROSOFT);
      const erf = main.op('Erf', [main.op('Mul', [bounded, model.scalar(Math.SQRT1_2)])]);
      const half = main.op('Mul', [bounded, model.scalar(0.5)]);
      return main.op('Mul', [half, main.op('Add', [erf, model.scalar(1)])]);
    }
    case 'gelu_tanh': {
      const bounded = boundedBelow(context, x);
      const square = main.op('Mul', [bounded, bounded]);
      const inner = main.op('Add', [main.op('Mul', [square, model.scalar(0.044715)]), model.scalar(1)]);
      const scaled = main.op('Mul', [main.op('Mul', [bounded, inner]), model.scalar(Math.sqrt(2 / Math.PI))]);
      const half = main.op('Mul', [bounded, model.scalar(0.5)]);
      return main.op('Mul', [half, main.op('Add', [main.op('Tanh', [scaled]), model.scalar(1)])]);
    }
    default:
      return kind satisfies never;
  }
}

/** x, where it is far below 0 something else for which x · Φ(x) is 0: 0 · ∞ would be NaN. */
function boundedBelow({ main, model, options }: LoweringContext, x: Name): Name {
  const low = model.scalar(-1e3);
  // ONNX Runtime's Clip keeps NaN, and works in place.
  if (!options.portable) return main.op('Clip', [x, low, model.scalar(Infinity)]);
  return main.op('Where', [main.op('Equal', [x, model.scalar(-Infinity)]), low, x]);
}
