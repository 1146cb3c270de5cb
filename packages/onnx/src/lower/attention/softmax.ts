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

/**
 * What a step's rows leave behind, where others are to be merged with it: the mean of what they see, and how
 * much that is.
 */
export interface WeighedRows {
  /** [G, 64, Dv]. */
  readonly out: Name;
  /**
   * [G, 64, 1]: the greatest logit, and the sum of the weights relative to it; 0 of nothing, NaN where the
   * row is NaN.
   */
  readonly greatest: Name;
  readonly total: Name;
}

/** The fast form. `logits` [G, 64, T·64] with −∞ where hidden, `values` [G, T·64, Dv]. */
export function emitFast(body: GraphScope, logits: Name, values: Name, wantsLse: boolean): StepResult {
  if (!wantsLse) {
    return { out: body.op('MatMul', [body.op('Softmax', [logits], { axis: -1 }), values]) };
  }
  return withLse(body, emitWeighed(body, logits, values));
}

/** The fast form of rows that are to be merged. */
export function emitWeighed(body: GraphScope, logits: Name, values: Name): WeighedRows {
  const { model } = body;
  const last = model.integers([-1]);
  const greatest = emitGreatest(body, logits);
  const weights = body.op('Exp', [body.op('Sub', [logits, greatest])]);
  const total = body.op('ReduceSum', [weights, last], { keepdims: 1 });
  const sum = body.op('MatMul', [weights, values]);
  return { out: body.op('Div', [sum, body.op('Max', [total, model.scalar(LEAST)])]), greatest, total };
}

function emitGreatest(body: GraphScope, logits: Name): Name {
  const { model } = body;
  const greatest = body.op('ReduceMax', [logits, model.integers([-1])], { keepdims: 1 });
  return body.op('Max', [greatest, model.scalar(LOWEST)]);
}

function withLse(body: GraphScope, { out, greatest, total }: WeighedRows): StepResult {
  const lse = body.op('Add', [greatest, body.op('Log', [total])]);
  return { out, lse: body.op('Squeeze', [lse, body.model.integers([-1])]) };
}

/** The form that is always right; `hidden` [stretches to the logits] is −∞ or 0, or undefined where nothing is hidden. */
export function emitExact(
  body: GraphScope,
  logits: Name,
  hidden: Name | undefined,
  values: Name,
  wantsLse: boolean,
): StepResult {
  const rows = emitWeighedExact(body, logits, hidden, values);
  return wantsLse ? withLse(body, rows) : { out: rows.out };
}

/** The form that is always right of rows that are to be merged. */
export function emitWeighedExact(
  body: GraphScope,
  logits: Name,
  hidden: Name | undefined,
  values: Name,
): WeighedRows {
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
  const greatest = emitGreatest(body, sound);
  const weights = body.op('Exp', [body.op('Sub', [sound, greatest])]);
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
  return { out: where(rowIsNaN, nan, added), greatest, total: where(rowIsNaN, nan, total) };
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
