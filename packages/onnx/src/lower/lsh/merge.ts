/**
 * Merges the rounds of a group: gathers and adds each token's results. Returns out [heads, N, Dv] and, where
 * the call returns it, lse [heads, N].
 */
import type { LshProblem } from '@attn/core/backend';
import type { GraphScope } from '../../model/onnx-model-builder.ts';
import type { Name } from '../../model/values.ts';
import type { PlaceMeans, PlaceSums } from './steps.ts';
import type { GroupTables } from './tables.ts';

/**
 * Weight with which each token's own value is added to its result. It is negligible beside every sum of
 * weights except 0: a token that sees no key gets its own value.
 */
const OWN_WEIGHT = 2 ** -100;

/**
 * The smallest exponent of a round's weight; e^−87 is about the smallest normal f32. A round that saw a key
 * never has weight 0, because 0 · ∞ would be NaN.
 */
const LEAST_EXPONENT = -87;

/** Merges rounds that hold sums of weighted values. */
export function emitSum(
  body: GraphScope,
  { rounds, returnLse }: LshProblem,
  { results, ownValues, visible }: GroupTables,
  { out, weight }: PlaceSums,
): Name[] {
  const { model } = body;
  let sum = body.op('Mul', [ownValues, model.scalar(OWN_WEIGHT)]);
  for (let round = 0; round < rounds; round++) {
    sum = body.op('Add', [sum, body.op('Gather', [out, sliceRound(body, results, round)])]);
  }
  const weights = body.op('Gather', [weight, results]);
  const total = body.op('ReduceSum', [weights, model.integers([1])], { keepdims: 0 });
  const mean = body.op('Div', [sum, column(body, body.op('Add', [total, model.scalar(OWN_WEIGHT)]))]);
  const lse = returnLse ? [body.op('Log', [total])] : [];
  if (visible === undefined) return [mean, ...lse];
  return [
    body.op('Where', [column(body, visible), mean, model.scalar(0)]),
    ...lse.map((name) => body.op('Where', [visible, name, model.scalar(-Infinity)])),
  ];
}

/** Merges rounds that hold means of values, weighted by their log-sum-exp. */
export function emitMean(
  body: GraphScope,
  { rounds, returnLse }: LshProblem,
  { results, ownValues, visible }: GroupTables,
  { out, weight, greatest }: PlaceMeans,
): Name[] {
  const { model } = body;
  const axis = model.integers([1]);
  const [totals, maxima] = [weight, greatest].map((name) => body.op('Gather', [name, results]));
  const most = body.op('ReduceMax', [maxima, axis], { keepdims: 1 });
  const below = body.op('Sub', [maxima, most]);
  const least = model.scalar(LEAST_EXPONENT);
  const factors = body.op('Exp', [body.op('Max', [below, least])]);
  const weights = body.op('Mul', [factors, totals]);
  const total = body.op('ReduceSum', [weights, axis], { keepdims: 1 });
  const shares = body.op('Div', [weights, total]);
  const parts = Array.from({ length: rounds }, (_, round) =>
    body.op('Mul', [
      body.op('Gather', [out, sliceRound(body, results, round)]),
      column(body, sliceRound(body, shares, round)),
    ]),
  );
  const mean = parts.reduce((all, part) => body.op('Add', [all, part]));
  const lse = body.op('Squeeze', [body.op('Add', [most, body.op('Log', [total])]), axis]);

  // A token that sees no key in any round gets its own value, which is zeros for a masked token.
  const seesNothing = body.op('Equal', [body.op('Squeeze', [total, axis]), model.scalar(0)]);
  const isAlone =
    visible === undefined ? seesNothing : body.op('Or', [seesNothing, body.op('Not', [visible])]);
  const merged = body.op('Where', [column(body, isAlone), ownValues, mean]);
  return returnLse ? [merged, body.op('Where', [isAlone, model.scalar(-Infinity), lse])] : [merged];
}

/** One round of a table [heads, R, …]. */
function sliceRound(body: GraphScope, name: Name, round: number): Name {
  return body.op('Gather', [name, body.model.scalar(round, 'i64')], { axis: 1 });
}

function column(body: GraphScope, name: Name): Name {
  return body.op('Unsqueeze', [name, body.model.integers([2])]);
}
