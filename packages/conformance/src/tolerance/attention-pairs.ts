/**
 * The pairs that a row of attention sums over, each with its logit and how far off that logit may be. It is
 * written from the documentation of the op and not from core's reference, so that the two check each other
 * (see the test).
 */
import {
  attentionProblem,
  broadcastStrides,
  effectivePattern,
  kvHeadOf,
  patternData,
  rowStrides,
  tablesOf,
  type AttentionAttributes,
} from '@attn/core/backend';
import type { NamedReferences } from '@attn/core/reference';
import { errorOfAbsorbing, isPowerOfTwo, sumsExactly } from './exact.ts';
import { spread } from './pointwise.ts';
import { ELEMENTARY, gamma, UNIT } from './rounding.ts';
import { approximateScore, type Approximate } from './score.ts';

/** The visible keys of one query row. */
export interface RowPairs {
  /** Where each visible key's value row starts in `values`. */
  readonly keys: readonly number[];
  readonly logits: readonly number[];
  /** Bound on the error of each logit. */
  readonly errors: readonly number[];
  readonly values: Float64Array;
}

/** A function of (batch row, head) and then of the query row. */
export function attentionPairs(
  inputs: NamedReferences,
  attributes: AttentionAttributes,
): (b: number, h: number) => (i: number) => RowPairs {
  const problem = attentionProblem(inputs, attributes);
  const { heads, kvHeads, queryLength, keyLength, headDim, valueDim, queryOffset, layout } = problem;
  const pattern = effectivePattern(attributes, Object.keys(inputs)).bind(
    patternData(inputs, { queryOffset }),
  );
  const q = rowStrides(layout, heads, queryLength, headDim);
  const k = rowStrides(layout, kvHeads, keyLength, headDim);
  const v = rowStrides(layout, kvHeads, keyLength, valueDim);
  const finish = logitTerms(inputs, attributes);
  const change = problem.score && approximateScore(problem.score.tree, tablesOf(inputs));
  const products = new Float64Array(headDim);

  return (b, h) => {
    const kvHead = kvHeadOf(problem, h);
    const globals = new Set(pattern.globals(b, h));
    return (i) => {
      const isGlobal = inputs.qGlobal !== undefined && globals.has(i + queryOffset);
      const { data: query } = isGlobal ? inputs.qGlobal : inputs.q;
      const { data: key } = isGlobal ? inputs.kGlobal : inputs.k;
      const { data: values } = isGlobal ? inputs.vGlobal : inputs.v;
      const keys: number[] = [];
      const logits: number[] = [];
      const errors: number[] = [];
      const isEmpty = inputs.queryMask?.data[b * queryLength + i] === 0;
      for (let j = 0; j < (isEmpty ? 0 : keyLength); j++) {
        if (inputs.keyMask?.data[b * keyLength + j] === 0) continue;
        if (!pattern.allows(b, h, i + queryOffset, j)) continue;
        const atQ = b * q.batch + h * q.head + i * q.row;
        const atK = b * k.batch + kvHead * k.head + j * k.row;
        for (let d = 0; d < headDim; d++) products[d] = query[atQ + d] * key[atK + d];
        const biased = finish(b, h, i, j, scoreOf(products, problem.scale));
        const changed = change?.({
          s: { value: biased.logit, error: biased.error },
          b,
          h,
          q: i + queryOffset,
          k: j,
        });
        const { logit, error } = changed === undefined ? biased : inAnyBase(changed);
        if (logit === -Infinity) continue;
        keys.push(b * v.batch + kvHead * v.head + j * v.row);
        logits.push(logit);
        errors.push(error);
      }
      return { keys, logits, errors, values };
    };
  };
}

/** A number and how far off it may be. */
interface Bounded {
  readonly logit: number;
  readonly error: number;
}

/** The sum of products times the scale, which may be applied to q, to k or to the sum: one more rounding. */
export function scoreOf(products: Float64Array, scale: number): Bounded {
  let [sum, size] = [0, 0];
  for (const product of products) {
    sum += product;
    size += Math.abs(product);
  }
  const logit = scale * sum;
  if (isPowerOfTwo(scale) && sumsExactly(products) && sumsExactly(products.map((each) => scale * each))) {
    return { logit, error: 0 };
  }
  return { logit, error: gamma(products.length + 3) * Math.abs(scale) * size };
}

/** What happens to a score on its way to a logit: the soft cap, then the three kinds of bias. */
function logitTerms(
  inputs: NamedReferences,
  attributes: AttentionAttributes,
): (b: number, h: number, i: number, j: number, score: Bounded) => Bounded {
  const { batch, heads, queryLength, keyLength, queryOffset, softcap } = attentionProblem(inputs, attributes);
  const { bias, alibiSlopes, relativeBias } = inputs;
  const biasStrides = bias && broadcastStrides(bias.shape, [batch, heads, queryLength, keyLength]);
  const slopeStrides = alibiSlopes && broadcastStrides(alibiSlopes.shape, [batch, heads]);
  const reach = relativeBias ? (relativeBias.shape[1] - 1) / 2 : 0;

  return (b, h, i, j, score) => {
    const { logit, error } = softcap === undefined ? score : capped(score, softcap);
    const terms = [logit];
    const distance = j - (i + queryOffset);
    if (biasStrides) {
      terms.push(
        bias.data[b * biasStrides[0] + h * biasStrides[1] + i * biasStrides[2] + j * biasStrides[3]],
      );
    }
    if (slopeStrides)
      terms.push(-alibiSlopes.data[b * slopeStrides[0] + h * slopeStrides[1]] * Math.abs(distance));
    if (relativeBias) {
      const clamped = Math.max(-reach, Math.min(reach, distance));
      terms.push(relativeBias.data[h * relativeBias.shape[1] + reach + clamped]);
    }
    return sumOf(terms, error);
  };
}

/** Kernels may count logits in units of log 2, where anything is rounded. */
function inAnyBase({ value, error }: Approximate): Bounded {
  return { logit: value, error: error === 0 ? 0 : error + 4 * UNIT * Math.abs(value) };
}

function capped({ logit, error }: Bounded, softcap: number): Bounded {
  return {
    logit: softcap * Math.tanh(logit / softcap),
    error: softcap * (spread(Math.tanh, logit / softcap, error / softcap) + ELEMENTARY),
  };
}

/**
 * A score, which may be off, and what is added to it. Where anything is rounded, kernels may also count
 * logits in units of log 2.
 */
function sumOf(terms: readonly number[], scoreError: number): Bounded {
  let logit = 0;
  let error = scoreError;
  terms.forEach((value, index) => {
    logit += value;
    if (index > 0) error += 2 * UNIT * (Math.abs(value) + Math.abs(logit));
  });
  if (scoreError === 0 && sumsExactly(terms)) return { logit, error: 0 };
  const absorbing = terms.length > 1 ? errorOfAbsorbing(terms, scoreError) : undefined;
  return { logit, error: absorbing ?? error + 4 * UNIT * Math.abs(logit) };
}
