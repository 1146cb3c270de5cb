/** Functions of one number in operators of ONNX: as ops of their own, and for the sums of `linear`. */
import type { UnaryFunction } from '@attn/core/backend';
import { MICROSOFT } from '../../model/domains.ts';
import type { Name } from '../../model/values.ts';
import type { LoweringContext } from '../context.ts';

/** Writes the operators of a function of x, and returns the name of the result. */
type EmitUnary = (context: LoweringContext, x: Name) => Name;

/** By the names that core gives the functions. `names.ts` imports this file early, so it must stay small. */
export const UNARY: Readonly<Record<UnaryFunction, EmitUnary>> = {
  gelu(context, x) {
    const { main, model, options } = context;
    const bounded = boundedBelow(context, x);
    if (!options.portable) return main.op('Gelu', [bounded], {}, MICROSOFT);
    const erf = main.op('Erf', [main.op('Mul', [bounded, model.scalar(Math.SQRT1_2)])]);
    const half = main.op('Mul', [bounded, model.scalar(0.5)]);
    return main.op('Mul', [half, main.op('Add', [erf, model.scalar(1)])]);
  },

  gelu_tanh(context, x) {
    const { main, model } = context;
    const bounded = boundedBelow(context, x);
    const square = main.op('Mul', [bounded, bounded]);
    const inner = main.op('Add', [main.op('Mul', [square, model.scalar(0.044715)]), model.scalar(1)]);
    const scaled = main.op('Mul', [main.op('Mul', [bounded, inner]), model.scalar(Math.sqrt(2 / Math.PI))]);
    const half = main.op('Mul', [bounded, model.scalar(0.5)]);
    return main.op('Mul', [half, main.op('Add', [main.op('Tanh', [scaled]), model.scalar(1)])]);
  },

  relu({ main, model, options }, x) {
    if (!options.portable) return main.op('Max', [x, model.scalar(0)]);
    // A comparison, because a maximum may lose NaN.
    return main.op('Where', [main.op('Less', [x, model.scalar(0)]), model.scalar(0), x]);
  },

  tanh: ({ main }, x) => main.op('Tanh', [x]),

  silu(context, x) {
    const { main } = context;
    const bounded = boundedBelow(context, x);
    return main.op('Mul', [bounded, main.op('Sigmoid', [bounded])]);
  },

  sigmoid: ({ main }, x) => main.op('Sigmoid', [x]),

  exp: ({ main }, x) => main.op('Exp', [x]),

  square: ({ main }, x) => main.op('Mul', [x, x]),

  rsqrt: ({ main }, x) => main.op('Reciprocal', [main.op('Sqrt', [x])]),
};

/** x, but −1000 where x is less: there x times a factor in [0, 1] is 0, while −∞ · 0 would be NaN. */
function boundedBelow({ main, model, options }: LoweringContext, x: Name): Name {
  const low = model.scalar(-1e3);
  // ONNX Runtime's Clip keeps NaN, and works in place.
  if (!options.portable) return main.op('Clip', [x, low, model.scalar(Infinity)]);
  return main.op('Where', [main.op('Equal', [x, model.scalar(-Infinity)]), low, x]);
}
