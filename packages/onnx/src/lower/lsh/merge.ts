/**
 * The rounds of a group merged: each token's results are gathered and added. What is returned are out [heads, N, Dv] and, where it is asked
 * for, lse [heads, N].
 */
import type { LshProblem } from '@attn/core/backend';
import type { GraphScope, Name } from '../../model/model-builder.ts';
import type { PlaceMeans, PlaceSums } from './steps.ts';
import type { GroupTables } from './tables.ts';

/**
 * A power of two that is small beside every sum of weights but 0: so much of its own value is added to the values of each token, which then is
 * left to itself where it sees nothing.
 */
const OWN_WEIGHT = 2 ** -100;

/**
 * e to this is the least normal f32: no round that saw something has a weight of 0, which would make NaN of
 * its infinities.
 */
const LEAST_EXPONENT = -87;

/** Merges sums. */
export function emitSum(
  body: GraphScope,
  { rounds, returnLse }: LshProblem,
  { results, ownValues, visible }: GroupTables,
  { out, weight }: PlaceSums,
): Name[] {
  const { model } = body;
  let sum = body.op('Mul', [ownValues, model.scalar(OWN_WEIGHT)]);
  for (let round = 0; round < rounds; round++) {
    sum = body.op('Add', [sum, body.op('Gather', [out, ofRound(body, results, round)])]);
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

/** Merges means. */
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
      body.op('Gather', [out, ofRound(body, results, round)]),
      column(body, ofRound(body, shares, round)),
    ]),
  );
  const mean = parts.reduce((all, part) => body.op('Add', [all, part]));
  const lse = body.op('Squeeze', [body.op('Add', [most, body.op('Log', [total])]), axis]);

  // Who sees nothing in any round is left to itself; who is hidden has zeros for a value.
  const seesNothing = body.op('Equal', [body.op('Squeeze', [total, axis]), model.scalar(0)]);
  const isAlone =
    visible === undefined ? seesNothing : body.op('Or', [seesNothing, body.op('Not', [visible])]);
  const left = body.op('Where', [column(body, isAlone), ownValues, mean]);
  return returnLse ? [left, body.op('Where', [isAlone, model.scalar(-Infinity), lse])] : [left];
}

/** Of [heads, R, …]. */
function ofRound(body: GraphScope, name: Name, round: number): Name {
  return body.op('Gather', [name, body.model.scalar(round, 'i64')], { axis: 1 });
}

function column(body: GraphScope, name: Name): Name {
  return body.op('Unsqueeze', [name, body.model.integers([2])]);
}
