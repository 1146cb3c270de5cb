/** Functions of two numbers in operators of ONNX. */
import type { BinaryOp } from '@attn/core/backend';
import type { Name } from '../../model/values.ts';
import type { LoweringContext } from '../context.ts';

/** Writes the operators of a function of a and b, which broadcast, and returns the name of the result. */
type EmitBinary = (context: LoweringContext, a: Name, b: Name) => Name;

/** By op. `names.ts` imports this file early, so it must stay small. */
export const BINARY: Readonly<Record<BinaryOp, EmitBinary>> = {
  add: ({ main }, a, b) => main.op('Add', [a, b]),
  sub: ({ main }, a, b) => main.op('Sub', [a, b]),
  mul: ({ main }, a, b) => main.op('Mul', [a, b]),
  div: ({ main }, a, b) => main.op('Div', [a, b]),
  max: choose('Max', 'Greater'),
  min: choose('Min', 'Less'),
};

/**
 * ONNX leaves open what a maximum of NaN is. ONNX Runtime gives NaN. Other runtimes get comparisons, which
 * take b where it is NaN, and a where that is NaN, because no comparison with NaN holds.
 */
function choose(operator: 'Max' | 'Min', comparison: 'Greater' | 'Less'): EmitBinary {
  return ({ main, options }, a, b) => {
    if (!options.portable) return main.op(operator, [a, b]);
    const takesB = main.op('Or', [main.op(comparison, [b, a]), main.op('IsNaN', [b])]);
    return main.op('Where', [takesB, b, a]);
  };
}
