/** Activations, as ops of their own and behind `linear`. */
import type { Activation, NodeOf } from '@attn/core';
import { MICROSOFT, type Name } from '../../model/model-builder.ts';
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
export function emitActivation({ main, model, options }: LoweringContext, x: Name, kind: Activation): Name {
  switch (kind) {
    case 'relu':
      // A comparison rather than Relu, whose maximum may lose NaN.
      return main.op('Where', [main.op('Less', [x, model.scalar(0)]), model.scalar(0), x]);
    case 'tanh':
      return main.op('Tanh', [x]);
    case 'gelu': {
      // 0 · ∞ is NaN where the limit of x · Φ(x) is 0.
      const bounded = main.op('Where', [
        main.op('Equal', [x, model.scalar(-Infinity)]),
        model.scalar(-1e3),
        x,
      ]);
      if (!options.portable) return main.op('Gelu', [bounded], {}, MICROSOFT);
      const erf = main.op('Erf', [main.op('Mul', [bounded, model.scalar(Math.SQRT1_2)])]);
      const half = main.op('Mul', [bounded, model.scalar(0.5)]);
      return main.op('Mul', [half, main.op('Add', [erf, model.scalar(1)])]);
    }
    case 'gelu_tanh': {
      const bounded = main.op('Where', [
        main.op('Equal', [x, model.scalar(-Infinity)]),
        model.scalar(-1e3),
        x,
      ]);
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
