/**
 * Softmax and the weighted sum of values over a step's logits, in two forms: a fast one that is right wherever values and logits
 * are finite, and one that is right always. The fast one gives NaN where the other is needed: 0 · NaN and 0 · ∞ are NaN, and so is
 * the softmax of a row that sees nothing.
 */
import { ELEMENT, type ElementType } from '../../model/dtypes.ts';
import type { GraphScope, Name } from '../../model/model-builder.ts';

/** A step's results. */
export interface StepResult {
  /** [G, 64, Dv]. */
  readonly out: Name;
  /** [G, 64], when asked for. */
  readonly lse?: Name;
}

/** The most negative f32: subtracted from logits of −∞ it leaves −∞. */
const LOWEST = -3.4028234663852886e38;

/** The least normal f32. */
const LEAST = 1.1754943508222875e-38;

/** The fast form. `logits` [G, 64, T·64] with −∞ where hidden, `values` [G, T·64, Dv]. */
export function emitFast(body: GraphScope, logits: Name, values: Name, wantsLse: boolean): StepResult {
  const { model } = body;
  if (!wantsLse) {
    return { out: body.op('MatMul', [body.op('Softmax', [logits], { axis: -1 }), values]) };
  }
  const last = model.integers([-1]);
  const shift = body.op('Max', [body.op('ReduceMax', [logits, last], { keepdims: 1 }), model.scalar(LOWEST)]);
  const weights = body.op('Exp', [body.op('Sub', [logits, shift])]);
  const total = body.op('ReduceSum', [weights, last], { keepdims: 1 });
  const sum = body.op('MatMul', [weights, values]);
  const out = body.op('Div', [sum, body.op('Max', [total, model.scalar(LEAST)])]);
  const lse = body.op('Add', [shift, body.op('Log', [total])]);
  return { out, lse: body.op('Squeeze', [lse, last]) };
}

/** The form that is always right; `hidden` [stretches to the logits] is −∞ or 0, or undefined where nothing is hidden. */
export function emitExact(
  body: GraphScope,
  logits: Name,
  hidden: Name | undefined,
  values: Name,
  wantsLse: boolean,
): StepResult {
  const { model } = body;
  const last = model.integers([-1]);
  const [zero, nan, infinity, minusInfinity] = [0, NaN, Infinity, -Infinity].map((value) =>
    model.scalar(value),
  );
  const where = (condition: Name, yes: Name, no: Name): Name => body.op('Where', [condition, yes, no]);
  const flag = (condition: Name): Name => body.cast(condition, 'f32');
  const anyOf = (flags: Name): Name => body.op('Greater', [flags, zero]);

  // What is hidden is −∞ whatever it was, even NaN.
  const masked =
    hidden === undefined ? logits : where(body.op('Less', [hidden, zero]), minusInfinity, logits);
  const isNaN = body.op('IsNaN', [masked]);
  const sound = where(isNaN, minusInfinity, masked);
  const rowIsNaN = anyOf(body.op('ReduceSum', [flag(isNaN), last], { keepdims: 1 }));
  const shift = body.op('Max', [body.op('ReduceMax', [sound, last], { keepdims: 1 }), model.scalar(LOWEST)]);
  const weights = body.op('Exp', [body.op('Sub', [sound, shift])]);
  const total = body.op('ReduceSum', [weights, last], { keepdims: 1 });
  const shares = body.op('Div', [weights, body.op('Max', [total, model.scalar(LEAST)])]);

  // Values that are no numbers count in the rows that see them, and nowhere else.
  const sees = flag(body.op('Greater', [sound, minusInfinity]));
  const valueIsNaN = body.op('IsNaN', [values]);
  const isHigh = body.op('Equal', [values, infinity]);
  const isLow = body.op('Equal', [values, minusInfinity]);
  const isSound = body.op('Not', [body.op('Or', [valueIsNaN, body.op('Or', [isHigh, isLow])])]);
  const seen = (condition: Name): Name => anyOf(body.op('MatMul', [sees, flag(condition)]));
  const sum = body.op('MatMul', [shares, where(isSound, values, zero)]);
  const high = where(seen(isHigh), infinity, zero);
  const low = where(seen(isLow), minusInfinity, zero);
  const bad = where(seen(valueIsNaN), nan, zero);
  const added = body.op('Add', [body.op('Add', [sum, high]), body.op('Add', [low, bad])]);
  const out = where(rowIsNaN, nan, added);
  if (!wantsLse) return { out };
  const lse = where(rowIsNaN, nan, body.op('Add', [shift, body.op('Log', [total])]));
  return { out, lse: body.op('Squeeze', [lse, last]) };
}

/** Whether any element is NaN, as one bool. Sums of ∞ and −∞ are NaN as well: `emitExact` then finds that all was well. */
export function emitHasNaN(body: GraphScope, value: Name): Name {
  return body.op('IsNaN', [body.op('ReduceSum', [value], { keepdims: 0 })]);
}

/** Picks one of two bodies at run time; their outputs are of one dtype. */
export function emitIf(
  scope: GraphScope,
  condition: Name,
  outputs: number,
  yes: (body: GraphScope) => readonly Name[],
  no: (body: GraphScope) => readonly Name[],
  dtype: ElementType = 'f32',
): Name[] {
  const branch = (emit: (body: GraphScope) => readonly Name[]): GraphScope => {
    const body = scope.body();
    emit(body).forEach((name) => body.output(name, { dtype, shape: undefined }));
    return body;
  };
  return scope.ops('If', [condition], outputs, { then_branch: branch(yes), else_branch: branch(no) });
}

/** −∞ where a mask is 0. */
export function emitHidden(body: GraphScope, mask: Name): Name {
  const isVisible = body.op('Cast', [mask], { to: ELEMENT.bool });
  return body.op('Where', [isVisible, body.model.scalar(0), body.model.scalar(-Infinity)]);
}
