/**
 * The attention op: softmax(score(scale · q kᵀ + bias), over the keys that the pattern allows) · v. All
 * sizes and options of a call are derived here, once, so that backends check only their own limits. Vaswani
 * et al. 2017, §3.2.1.
 */
import { attentionHint } from './mask-words.ts';
import type { OptionKinds } from '../../check/check-options.ts';
import {
  aBoolean,
  aNumber,
  anything,
  aPositiveNumber,
  integer,
  oneOf,
  type Kind,
} from '../../check/kinds.ts';
import { canonicalJson } from '../../util/json-value.ts';
import type { Pattern } from '../../patterns/pattern.ts';
import { isScore, type Score } from '../../scores/score.ts';
import type { OpSpec } from '../op.ts';

/** The axes of q, k, v and out: [batch, heads, seq, headDim] (`bhnd`), or [batch, seq, heads, headDim]. */
export type AttentionLayout = 'bhnd' | 'bnhd';

/** Attributes of the attention op. */
export interface AttentionAttributes {
  /** Who attends to whom. */
  readonly pattern: Pattern;
  /** Factor on q·k. Default 1/√headDim. */
  readonly scale?: number;
  /**
   * Position of query 0 in key coordinates. Default keyLength − queryLength, as a key/value cache needs it.
   */
  readonly queryOffset?: number;
  /** Positive: logits become `softcap · tanh(scale · q·k / softcap)`, before any bias. Default: no cap. */
  readonly softcap?: number;
  /**
   * What the logit of a pair becomes: a function of it, of the positions and of `tables`. It comes last,
   * after the soft cap and the biases. Default: the logit as it is.
   */
  readonly score?: Score;
  /** The axes of q, k, v and out. Default `bhnd`. */
  readonly layout?: AttentionLayout;
  /** Whether to return the log-sum-exp, too: lse [batch, heads, queryLength], f32, natural log. */
  readonly returnLse?: boolean;
}

/**
 * The inputs of attention, with shapes in the layout `bhnd` (B batch; H, Hkv query and key/value heads; Nq,
 * Nk query and key length; D head dim; Dv value dim). Floats share one dtype, f32 or f16; `bias`,
 * `alibiSlopes`, `relativeBias` and `sinks` may always be f32. Hkv divides H. Nq and Nk may be 0: a row
 * without keys gives out 0 and lse −∞.
 *
 * Output: `out` [B, H, Nq, Dv] in the layout and dtype of q; with `returnLse` also `lse` [B, H, Nq], f32.
 * Errors: `MISSING_INPUT`, `INVALID_SHAPE`, `INVALID_DTYPE`, `INVALID_ARGUMENT`, `INVALID_PATTERN`.
 */
export interface AttentionInputs<T> {
  /** [B, H, Nq, D]. */
  readonly q: T;
  /** [B, Hkv, Nk, D]. */
  readonly k: T;
  /** [B, Hkv, Nk, Dv]. */
  readonly v: T;
  /**
   * [B, Nk], bool or u8: 0 hides the key from every query, as for padding. Hidden keys are free, and a row
   * that sees no key gives out 0 and lse −∞. A bias of −1e9 or −3.4e38 does neither: it is a number like any
   * other.
   */
  readonly keyMask?: T;
  /** [B, Nq], bool or u8: 0 empties the row (out 0, lse −∞), as in Longformer's padding. */
  readonly queryMask?: T;
  /** [B, Nk], bool or u8, data of the pattern (see `effectivePattern`): 1 marks a global token. */
  readonly globalMask?: T;
  /** [B, Nk], i32 or u32, data of the pattern: the document that a token belongs to. */
  readonly segmentIds?: T;
  /** [B], i32 or u32, data of the pattern: number of valid keys. */
  readonly keyLengths?: T;
  /**
   * bool or u8, broadcast to [B, H, Nq, Nk], data of the pattern: 0 hides the pair. Tiles that it hides are
   * not computed; a row that sees no key gives out 0 and lse −∞.
   */
  readonly mask?: T;
  /**
   * Added to the logits, broadcast to [B, H, Nq, Nk]. A logit of −∞ hides the pair; a NaN stays NaN under a
   * bias of −∞. Hide keys by `keyMask` and pairs by a pattern, which are free: under a finite bias such as
   * −10,000 all pairs are computed, and a row whose keys all have it attends to all of them.
   */
  readonly bias?: T;
  /**
   * [H] or [B, H]: adds −slope · |queryPosition − keyPosition|. Press et al. 2022,
   * https://arxiv.org/abs/2108.12409
   */
  readonly alibiSlopes?: T;
  /** [H, 2R+1]: adds table[h, clamp(keyPosition − queryPosition, −R, R) + R]. */
  readonly relativeBias?: T;
  /**
   * [B, H, Nq, D]: replaces q in the rows of the pattern's global tokens; with `kGlobal` and `vGlobal`.
   * Longformer, Beltagy et al. 2020, §3.1, https://arxiv.org/abs/2004.05150
   */
  readonly qGlobal?: T;
  /** [B, Hkv, Nk, D]: replaces k in the rows of the pattern's global tokens; with `qGlobal` and `vGlobal`. */
  readonly kGlobal?: T;
  /**
   * [B, Hkv, Nk, Dv]: replaces v in the rows of the pattern's global tokens; with `qGlobal` and `kGlobal`.
   */
  readonly vGlobal?: T;
  /**
   * [H]: learned sinks, one more logit of each head in the softmax of every row. It is not scaled, has no
   * value, and takes what it weighs from the keys: out becomes out · sigmoid(lse − sink), and lse the
   * logarithm of exp(lse) + exp(sink). A row without keys gives out 0 and lse = sink. They have nothing to do
   * with the pattern `sinks(count)`. OpenAI 2025, gpt-oss, https://arxiv.org/abs/2508.10925
   */
  readonly sinks?: T;
  /**
   * The tables that `score` reads, by the names that it has for them: f32, f16 or i32, of up to 4 axes. The
   * input of a node for the table `name` is `tables.name`.
   */
  readonly tables?: Readonly<Record<string, T>>;
}

/** The input of a node that has the table of this name. */
export function tableInput(name: string): `tables.${string}` {
  return `${TABLE_INPUTS}${name}`;
}

/** What the names of such inputs begin with. */
export const TABLE_INPUTS = 'tables.';

/** The tables among a node's inputs, by the names that its score has for them. */
export function tablesOf<T>(inputs: Readonly<Record<string, T>>): Record<string, T> {
  return Object.fromEntries(
    Object.entries(inputs)
      .filter(([name]) => name.startsWith(TABLE_INPUTS))
      .map(([name, table]) => [name.slice(TABLE_INPUTS.length), table]),
  );
}

/** The name of an input of attention. */
export type AttentionInputName = keyof AttentionInputs<unknown>;

/** The required inputs of attention. */
export const ATTENTION_REQUIRED: readonly AttentionInputName[] = ['q', 'k', 'v'];

/** The optional inputs of attention. */
export const ATTENTION_OPTIONAL: readonly AttentionInputName[] = [
  'keyMask',
  'queryMask',
  'globalMask',
  'segmentIds',
  'keyLengths',
  'mask',
  'bias',
  'alibiSlopes',
  'relativeBias',
  'qGlobal',
  'kGlobal',
  'vGlobal',
  'sinks',
];

/** The kind of a layout. */
export const aLayout: Kind = oneOf('bhnd', 'bnhd');

/** What each attribute of attention must be; `infer` checks the pattern. */
export const ATTENTION_ATTRIBUTES: OptionKinds<AttentionAttributes> = {
  pattern: anything,
  scale: aNumber,
  queryOffset: integer(),
  softcap: aPositiveNumber,
  score: { expected: 'a score, as score((s, { q, k }) => …) makes it', test: isScore },
  layout: aLayout,
  returnLse: aBoolean,
};

/** The interface of the attention op. `flops` are those of dense attention; a plan has those of a pattern. */
export const attentionSpec: OpSpec<AttentionAttributes> = {
  required: ATTENTION_REQUIRED,
  // Nodes have no sinks: `GraphBuilder.attention` composes them of other ops.
  optional: ATTENTION_OPTIONAL.filter((name) => name !== 'sinks'),
  families: [TABLE_INPUTS],
  attributes: ATTENTION_ATTRIBUTES,
  hint: attentionHint,
  flops: (inputs, attributes) => {
    const { batch, heads, queryLength, keyLength, headDim, valueDim } = attentionProblem(inputs, attributes);
    return 2 * batch * heads * queryLength * keyLength * (headDim + valueDim);
  },
  attributesKey: ({ pattern, score, ...options }) =>
    canonicalJson({ ...options, pattern: pattern.key, score: score?.key }),
};

/** The sizes of an attention call, and its options with defaults. */
export interface AttentionProblem {
  readonly batch: number;
  readonly heads: number;
  readonly kvHeads: number;
  readonly queryLength: number;
  readonly keyLength: number;
  readonly headDim: number;
  readonly valueDim: number;
  readonly scale: number;
  readonly queryOffset: number;
  readonly softcap: number | undefined;
  readonly score: Score | undefined;
  readonly layout: AttentionLayout;
  readonly returnLse: boolean;
}

/** Anything with a shape: a spec, a tensor, a reference tensor. */
export interface Shaped {
  readonly shape: readonly number[];
}

/** Derives the sizes and options of an attention call. Its inputs must have passed `infer`. */
export function attentionProblem(
  inputs: Readonly<Record<string, Shaped>>,
  attributes: AttentionAttributes,
): AttentionProblem {
  const layout = attributes.layout ?? 'bhnd';
  const [batch, heads, queryLength, headDim] = inBhnd(inputs.q, layout);
  const [, kvHeads, keyLength] = inBhnd(inputs.k, layout);
  const valueDim = inputs.v.shape[3];
  return {
    batch,
    heads,
    kvHeads,
    queryLength,
    keyLength,
    headDim,
    valueDim,
    scale: attributes.scale ?? 1 / Math.sqrt(headDim),
    queryOffset: attributes.queryOffset ?? keyLength - queryLength,
    softcap: attributes.softcap,
    score: attributes.score,
    layout,
    returnLse: attributes.returnLse ?? false,
  };
}

/** The extents of a rank-4 tensor as [batch, heads, seq, dim], whatever its layout. */
export function inBhnd(spec: Shaped, layout: AttentionLayout): readonly [number, number, number, number] {
  const [b, x, y, d] = spec.shape;
  return layout === 'bhnd' ? [b, x, y, d] : [b, y, x, d];
}

/** The steps, in elements, from one batch, head and row of a contiguous tensor to the next. */
export interface RowStrides {
  readonly batch: number;
  readonly head: number;
  readonly row: number;
}

/** The strides of a layout: row `n` of head `h` of batch row `b` starts at `b·batch + h·head + n·row`. */
export function rowStrides(layout: AttentionLayout, heads: number, length: number, dim: number): RowStrides {
  return layout === 'bhnd'
    ? { batch: heads * length * dim, head: length * dim, row: dim }
    : { batch: heads * length * dim, head: dim, row: heads * dim };
}

/** The key/value head of a query head, as in grouped-query attention (Ainslie et al. 2023). */
export function kvHeadOf(problem: AttentionProblem, head: number): number {
  return Math.floor((head * problem.kvHeads) / problem.heads);
}
