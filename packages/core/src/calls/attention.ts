/** A single attention call, as a graph of one node. */
import { AttnError, show } from '../errors.ts';
import type { Value } from '../graph/builder.ts';
import { attentionHint } from '../ops/attention/mask-words.ts';
import {
  ATTENTION_ATTRIBUTES,
  ATTENTION_OPTIONAL,
  ATTENTION_REQUIRED,
  TABLE_INPUTS,
  type AttentionAttributes,
  type AttentionInputs,
} from '../ops/attention/spec.ts';
import { full } from '../patterns/full.ts';
import { isScore, score, type Score, type ScoreFunction } from '../scores/score.ts';
import type { Tensor } from '../tensor.ts';
import { defineCall, type Call } from './call.ts';
import { debugMaskLikeBias } from './mask-like-bias.ts';
import type { With } from './results.ts';

/** Tensors and options of a call; `AttentionInputs` has the shapes. The pattern defaults to `full()`. */
export interface AttentionCall<Lse extends boolean = boolean>
  extends AttentionInputs<Tensor>, Partial<Omit<AttentionAttributes, 'returnLse' | 'score'>> {
  /**
   * What the logit of a pair becomes, last of all: a `score`, or the function of one. A function is checked
   * in every call; a score that is made once is not.
   */
  readonly score?: Score | ScoreFunction;
  /** Whether the result has the log-sum-exp of each row of scores. Default false. */
  readonly returnLse?: Lse;
}

/** The result of attention. */
export type AttentionResult<Lse extends boolean = boolean> = {
  /** Like q, with the value dim. */
  readonly out: Tensor;
} & With<
  Lse,
  {
    /** [batch, heads, queries], f32, with `returnLse`. */
    readonly lse: Tensor;
  }
>;

/** Refuses options of other libraries with the name that they have here. */
function checkMaskNames(call: AttentionCall): void {
  for (const name of Object.keys(call)) {
    const instead = attentionHint(name);
    if (instead === undefined) continue;
    throw new AttnError('INVALID_ARGUMENT', 'core/attention', `there is no option ${show(name)}; ${instead}`);
  }
}

/** The call with a score in place of its function. */
function withScore(options: AttentionCall): AttentionCall {
  return typeof options.score === 'function' ? { ...options, score: score(options.score) } : options;
}

const call = defineCall<AttentionCall, AttentionInputs<Value>, AttentionResult>({
  name: 'attention',
  required: ATTENTION_REQUIRED,
  optional: [...ATTENTION_OPTIONAL, 'tables'],
  records: { tables: TABLE_INPUTS },
  options: ATTENTION_ATTRIBUTES,
  normalize: withScore,
  check: checkMaskNames,
  remark: ({ bias }) => debugMaskLikeBias(bias),
  build(builder, values, { pattern = full(), score: own, ...options }) {
    return { ...builder.attention(values, { ...options, pattern, score: isScore(own) ? own : undefined }) };
  },
});

/**
 * Exact attention with a pattern, softmax(q kᵀ · scale) v over the keys that the pattern allows, as a call
 * for `Attn.run`. Tensors: q [batch, heads, queries, headDim], k [batch, kvHeads, keys, headDim], v [batch,
 * kvHeads, keys, valueDim]; see `AttentionCall` for the others. Errors: `INVALID_ARGUMENT`, `MISSING_INPUT`
 * at once; those of shapes and dtypes when it is run.
 *
 * Vaswani et al. 2017, section 3.2 (https://arxiv.org/abs/1706.03762); FlashAttention's algorithm, Dao et
 * al. 2022 (https://arxiv.org/abs/2205.14135).
 *
 * @example
 * const { out, lse } = await attn.run(attention({ q, k, v, pattern: causal(), returnLse: true }));
 */
export function attention<Lse extends boolean = false>(
  options: AttentionCall<Lse>,
): Call<AttentionResult<Lse>> {
  return call(options) as Call<AttentionResult<Lse>>;
}
