/**
 * Softmax and the weighted sum of values over a step's logits, in two forms. The fast form is right where
 * values and logits are finite; the exact form is always right. The fast form gives NaN wherever the exact
 * one is needed: 0 · NaN and 0 · ∞ are NaN, and so is the softmax of a row that sees no key.
 */
import { ELEMENT, type ElementType } from '../../model/dtypes.ts';
import type { GraphScope } from '../../model/onnx-model-builder.ts';
import type { Name } from '../../model/values.ts';

/** The results of a step. */
export interface StepResult {
  /** [G, 64, Dv]. */
  readonly out: Name;
  /** [G, 64]: the log-sum-exp, where the call returns it. */
  readonly lse?: Name;
}

/** The most negative f32. Subtracting it from a logit of −∞ leaves −∞. */
const LOWEST = -3.4028234663852886e38;

/** The smallest normal f32. */
export const LEAST = 1.1754943508222875e-38;

/** The exponential of this, 10⁻³⁵, does not count beside that of the greatest logit, which is 1. */
const LEAST_SHIFTED = -80;

/** Results of a step's rows over a part of their keys, to be merged with those of other parts. */
export interface PartialRows {
  /** [G, 64, Dv]: the weighted mean of the values. */
  readonly out: Name;
  /** [G, 64, 1]: the greatest logit. */
  readonly greatest: Name;
  /**
   * [G, 64, 1]: the sum of the weights relative to the greatest; 0 where a row sees no key, NaN where it is
   * NaN.
   */
  readonly total: Name;
}

/** Operands of the fast form. */
export interface FastOperands {
  /** [G, 64, T·64], −∞ where a key is hidden. */
  readonly logits: Name;
  /** [G, T·64, Dv]. */
  readonly values: Name;
}

/** Operands of the exact form. */
export interface ExactOperands {
  /** [G, 64, T·64], without masks. */
  readonly logits: Name;
  /**
   * −∞ where a key is hidden, else 0, of a shape that broadcasts to the logits. Undefined where no key is
   * hidden.
   */
  readonly hidden: Name | undefined;
  /** [G, T·64, Dv]. */
  readonly values: Name;
}

/** What a step computes besides `out`. */
interface ResultOptions {
  readonly returnLse: boolean;
}

/** Adds the fast form of rows that will be merged. */
export function emitFastPartial(body: GraphScope, { logits, values }: FastOperands): PartialRows {
  const { model } = body;
  const last = model.integers([-1]);
  const greatest = emitGreatest(body, logits);
  const weights = body.op('Exp', [body.op('Sub', [logits, greatest])]);
  const total = body.op('ReduceSum', [weights, last], { keepdims: 1 });
  const sum = body.op('MatMul', [weights, values]);
  return { out: body.op('Div', [sum, body.op('Max', [total, model.scalar(LEAST)])]), greatest, total };
}

/** Adds the greatest logit of each row, or the least number where all are −∞. */
export function emitGreatest(body: GraphScope, logits: Name): Name {
  const { model } = body;
  const greatest = body.op('ReduceMax', [logits, model.integers([-1])], { keepdims: 1 });
  return body.op('Max', [greatest, model.scalar(LOWEST)]);
}

/** Adds the log-sum-exp of rows. */
export function withLse(body: GraphScope, { out, greatest, total }: PartialRows): StepResult {
  const lse = body.op('Add', [greatest, body.op('Log', [total])]);
  return { out, lse: body.op('Squeeze', [lse, body.model.integers([-1])]) };
}

/** Adds softmax and the weighted sum in the exact form. */
export function emitExact(body: GraphScope, operands: ExactOperands & ResultOptions): StepResult {
  const rows = emitExactPartial(body, operands);
  return operands.returnLse ? withLse(body, rows) : { out: rows.out };
}

/**
 * Adds exponentials of logits less the greatest, 0 where they are too small to count. Those would be numbers
 * below the normal ones, with which products take up to twenty times as long.
 */
export function emitWeights(body: GraphScope, shifted: Name): Name {
  const least = body.model.scalar(LEAST_SHIFTED);
  const counts = body.cast(body.op('Greater', [shifted, least]), 'f32');
  return body.op('Mul', [body.op('Exp', [body.op('Max', [shifted, least])]), counts]);
}

/** Adds the exact form of rows that will be merged. */
export function emitExactPartial(body: GraphScope, { logits, hidden, values }: ExactOperands): PartialRows {
  const { model } = body;
  const last = model.integers([-1]);
  const [zero, nan, infinity, minusInfinity] = [0, NaN, Infinity, -Infinity].map((value) =>
    model.scalar(value),
  );
  const where = (condition: Name, yes: Name, no: Name): Name => body.op('Where', [condition, yes, no]);
  const flag = (condition: Name): Name => body.cast(condition, 'f32');
  const anyOf = (flags: Name): Name => body.op('Greater', [flags, zero]);

  // A hidden logit becomes −∞ even if it was NaN.
  const masked =
    hidden === undefined ? logits : where(body.op('Less', [hidden, zero]), minusInfinity, logits);
  const isNaN = body.op('IsNaN', [masked]);
  const sound = where(isNaN, minusInfinity, masked);
  const rowIsNaN = anyOf(body.op('ReduceSum', [flag(isNaN), last], { keepdims: 1 }));
  const greatest = emitGreatest(body, sound);
  const weights = emitWeights(body, body.op('Sub', [sound, greatest]));
  const total = body.op('ReduceSum', [weights, last], { keepdims: 1 });
  const shares = body.op('Div', [weights, body.op('Max', [total, model.scalar(LEAST)])]);

  // NaN and infinite values count in the rows that see them, and in no others.
  const sees = flag(body.op('Greater', [sound, minusInfinity]));
  const valueIsNaN = body.op('IsNaN', [values]);
  const isHigh = body.op('Equal', [values, infinity]);
  const isLow = body.op('Equal', [values, minusInfinity]);
  const isSound = body.op('Not', [body.op('Or', [valueIsNaN, body.op('Or', [isHigh, isLow])])]);
  const seesAny = (condition: Name): Name => anyOf(body.op('MatMul', [sees, flag(condition)]));
  const sum = body.op('MatMul', [shares, where(isSound, values, zero)]);
  const high = where(seesAny(isHigh), infinity, zero);
  const low = where(seesAny(isLow), minusInfinity, zero);
  const bad = where(seesAny(valueIsNaN), nan, zero);
  const added = body.op('Add', [body.op('Add', [sum, high]), body.op('Add', [low, bad])]);
  return { out: where(rowIsNaN, nan, added), greatest, total: where(rowIsNaN, nan, total) };
}

/**
 * Adds a test whether any element is NaN, as one bool. It is also true for a sum of ∞ and −∞, in which
 * case the exact form changes nothing.
 */
export function emitHasNaN(body: GraphScope, value: Name): Name {
  return body.op('IsNaN', [body.op('ReduceSum', [value], { keepdims: 0 })]);
}

/** An `If`: a condition and what to compute in either case. */
export interface Branches {
  /** One bool. */
  readonly condition: Name;
  /** How many values each branch returns. */
  readonly outputs: number;
  readonly whenTrue: (body: GraphScope) => readonly Name[];
  readonly whenFalse: (body: GraphScope) => readonly Name[];
  /** The dtype of all outputs. Default: f32. */
  readonly dtype?: ElementType;
}

/** Adds an `If`, which runs one of two bodies. */
export function emitIf(
  scope: GraphScope,
  { condition, outputs, whenTrue, whenFalse, dtype = 'f32' }: Branches,
): Name[] {
  const branch = (emit: (body: GraphScope) => readonly Name[]): GraphScope => {
    const body = scope.body();
    emit(body).forEach((name) => body.output(name, { dtype, shape: undefined }));
    return body;
  };
  return scope.ops('If', [condition], outputs, {
    then_branch: branch(whenTrue),
    else_branch: branch(whenFalse),
  });
}

/** Adds −∞ where a mask is 0, and 0 elsewhere. */
export function emitHidden(body: GraphScope, mask: Name): Name {
  const isVisible = body.op('Cast', [mask], { to: ELEMENT.bool });
  return body.op('Where', [isVisible, body.model.scalar(0), body.model.scalar(-Infinity)]);
}
