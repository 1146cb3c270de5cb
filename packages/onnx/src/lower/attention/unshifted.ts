/**
 * The fast form of softmax and the weighted sum of values. Exponentials are not shifted by the greatest logit
 * of their row: masks are multiplied, and parts of a row simply add up. That is as exact as the usual form
 * while the sum of a row's exponentials is not tiny, and nothing overflows; other rows, and those that are
 * not finite, need the exact form.
 *
 * ONNX Runtime's Softmax takes up to ten times as long over logits of −∞, which it computes as the least
 * numbers that there are, and so does a product of such weights.
 */
import type { GraphScope } from '../../model/onnx-model-builder.ts';
import type { Name } from '../../model/values.ts';
import { emitHasNaN, emitIf, type StepResult } from './softmax.ts';

/** The least sum of a row's exponentials above which no exponential that is lost to underflow counts. */
export const LEAST_TOTAL = 1e-25;

/** Rows to normalise. */
export interface UnshiftedSums {
  /** [rows…, Dv]: values weighted by exponentials. */
  readonly sum: Name;
  /** [rows…, 1]: sums of exponentials. */
  readonly total: Name;
}

/** Results of the fast form. */
export interface UnshiftedRows {
  /** [rows…, 1]: NaN where a row needs the exact form, else 0. */
  readonly probe: Name;
  /** Adds the results [rows…, Dv] to a graph. */
  out(scope: GraphScope): Name;
  /** Adds the log-sum-exps [rows…] to a graph. */
  lse(scope: GraphScope): Name;
}

/**
 * Weights below this count as 0 in products: numbers below the normal ones take up to twenty times as long
 * there. All of a row's together are nothing beside its least total.
 */
const LEAST_WEIGHT = 1e-36;

/** The weights and values of a step. */
export interface UnshiftedOperands {
  /** [G, 64, T·64], 0 where a key is hidden, but by `visibleKeys`. */
  readonly weights: Name;
  /** [G, T·64, Dv]. */
  readonly values: Name;
  /** [G, 64]: false for rows that see no key. Undefined where all see one. */
  readonly visible: Name | undefined;
  /** [G, T·64, 1]: 0 for keys that nobody sees, whose values are 0, else 1. Undefined without any. */
  readonly visibleKeys: Name | undefined;
  /** Whether weights below the normal numbers are likely. */
  readonly flushes: boolean;
  /** [G, 64, 1]: the least sums of weights that are exact enough. Default: 0. */
  readonly least?: Name;
}

/** Adds the fast form of a step. */
export function emitUnshifted(
  body: GraphScope,
  { weights, values, visible, visibleKeys, flushes, least }: UnshiftedOperands,
): UnshiftedRows {
  const { model } = body;
  // NaN becomes 0 there as well, and stays in the total.
  const counted = flushes
    ? body.op('ThresholdedRelu', [weights], { alpha: { float: LEAST_WEIGHT } })
    : weights;
  const sum = body.op('MatMul', [counted, values]);
  const total =
    visibleKeys === undefined
      ? body.op('ReduceSum', [weights, model.integers([-1])], { keepdims: 1 })
      : body.op('MatMul', [weights, visibleKeys]);
  return emitNormalised(body, { sum, total }, visible, least);
}

/** Adds what rows have in common once their parts are added up. */
export function emitNormalised(
  scope: GraphScope,
  { sum, total }: UnshiftedSums,
  visible?: Name,
  least?: Name,
): UnshiftedRows {
  const { model } = scope;
  const last = model.integers([-1]);
  // A row that sees no key has sums of 0: its result is 0 over 1.
  const divisor =
    visible === undefined
      ? total
      : scope.op('Where', [scope.op('Unsqueeze', [visible, last]), total, model.scalar(1)]);
  // The root is NaN below the least total; what is infinite or NaN is NaN times 0.
  const above = scope.op('Sub', [divisor, model.scalar(LEAST_TOTAL)]);
  const root = scope.op('Sqrt', [least === undefined ? above : scope.op('Sub', [above, least])]);
  const sumOfValues = scope.op('ReduceSum', [sum, last], { keepdims: 1 });
  // The total of a row that sees no key is in no divisor, but in its log-sum-exp.
  const sumOfRow = visible === undefined ? sumOfValues : scope.op('Add', [sumOfValues, total]);
  return {
    probe: scope.op('Mul', [scope.op('Add', [sumOfRow, root]), model.scalar(0)]),
    out: (at) => at.op('Div', [sum, divisor]),
    lse: (at) => at.op('Squeeze', [at.op('Log', [total]), last]),
  };
}

/** How rows are corrected where the fast form does not do. */
export interface Correction {
  /** The shape of `lse`: that of the rows. */
  readonly rows: readonly number[];
  readonly returnLse: boolean;
  /** Adds the exact form of all rows. It runs only where some row needs it. */
  exact(scope: GraphScope): StepResult;
}

/** Adds the results of the fast form, and those of the exact form for rows that need it. */
export function emitCorrected(
  scope: GraphScope,
  fast: UnshiftedRows,
  { rows, returnLse, exact: emitExact }: Correction,
): StepResult {
  const corrected = (branch: GraphScope): readonly Name[] => {
    const exact = emitExact(branch);
    // Numbers of the fast form stay, so that the contents of one row change no bit of another.
    const isSound = branch.op('Not', [branch.op('IsNaN', [fast.probe])]);
    const out = branch.op('Where', [isSound, fast.out(branch), exact.out]);
    if (exact.lse === undefined) return [out];
    const isSoundRow = branch.reshape(isSound, rows);
    return [out, branch.op('Where', [isSoundRow, fast.lse(branch), exact.lse])];
  };
  const [out, lse] = emitIf(scope, {
    condition: emitHasNaN(scope, fast.probe),
    outputs: returnLse ? 2 : 1,
    whenTrue: corrected,
    whenFalse: (branch) => (returnLse ? [fast.out(branch), fast.lse(branch)] : [fast.out(branch)]),
  });
  return { out, lse };
}
