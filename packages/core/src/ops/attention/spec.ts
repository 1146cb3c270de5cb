/**
 * The attention op: softmax(scale · q kᵀ + bias, over the keys that the pattern allows) · v. Everything that
 * a backend needs to know of one call is derived here once, so that backends check only their own limits.
 * Vaswani et al. 2017, §3.2.1.
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
import type { OpSpec } from '../op.ts';

/** Order of the axes of q, k, v and out: [batch, heads, seq, headDim] or [batch, seq, heads, headDim]. */
export type AttentionLayout = 'bhnd' | 'bnhd';

/** Attributes of the op. */
export interface AttentionAttributes {
  /** Who attends to whom. */
  readonly pattern: Pattern;
  /** Factor on q·k. Default 1/√headDim. */
  readonly scale?: number;
  /**
   * Position of query 0 in key coordinates. Default keyLength − queryLength (as a key/value cache needs it).
   */
  readonly queryOffset?: number;
  /** When given, logits become `softcap · tanh(scale · q·k / softcap)`, before any bias. Positive. */
  readonly softcap?: number;
  /** Default `bhnd`. */
  readonly layout?: AttentionLayout;
  /** Also return lse [batch, heads, queryLength], f32, natural log. */
  readonly returnLse?: boolean;
}

/**
 * The inputs of the op (B batch; H, Hkv query and key/value heads; Nq, Nk query and key length; D head dim;
 * Dv value dim), shapes in the layout `bhnd`. Floats share one dtype, f32 or f16; `bias`, `alibiSlopes` and
 * `relativeBias` may be f32 always. Hkv divides H. Nq and Nk may be 0: a row without keys gives out 0 and lse
 * −∞.
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
   * [B, Nk], bool or u8: 0 hides the key from everyone, as padding is. Hidden keys cost nothing, and a row
   * that sees none gives out 0 and lse −∞; a bias of −1e9 or −3.4e38 does neither, it is a number like any
   * other.
   */
  readonly keyMask?: T;
  /** [B, Nq], bool or u8: 0 makes the row empty (out 0, lse −∞), as Longformer does with padding. */
  readonly queryMask?: T;
  /** [B, Nk], bool or u8, data of the pattern (see `effectivePattern`): 1 marks a global token. */
  readonly globalMask?: T;
  /** [B, Nk], i32 or u32, data of the pattern: the document that a token belongs to. */
  readonly segmentIds?: T;
  /** [B], i32 or u32, data of the pattern: number of valid keys. */
  readonly keyLengths?: T;
  /**
   * Added to the logits, broadcast to [B, H, Nq, Nk]. A logit of −∞ hides the pair; one that is NaN stays NaN
   * under a bias of −∞. To hide keys use `keyMask`, to hide pairs a pattern, which cost nothing: a finite
   * bias such as −10,000 computes what it hides, and a row whose keys all have it attends to all of them.
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
   * With `kGlobal` and `vGlobal`, of the shapes of q, k, v: used instead of them in the rows of the pattern's
   * global tokens. Longformer, Beltagy et al. 2020, §3.1, https://arxiv.org/abs/2004.05150
   */
  readonly qGlobal?: T;
  readonly kGlobal?: T;
  readonly vGlobal?: T;
}

/** Names of the op's inputs. */
export type AttentionInputName = keyof AttentionInputs<unknown>;

/** Required inputs. */
export const ATTENTION_REQUIRED: readonly AttentionInputName[] = ['q', 'k', 'v'];

/** Optional inputs. */
export const ATTENTION_OPTIONAL: readonly AttentionInputName[] = [
  'keyMask',
  'queryMask',
  'globalMask',
  'segmentIds',
  'keyLengths',
  'bias',
  'alibiSlopes',
  'relativeBias',
  'qGlobal',
  'kGlobal',
  'vGlobal',
];

/** The layouts. */
export const aLayout: Kind = oneOf('bhnd', 'bnhd');

/** What each attribute must be; `infer` looks at the pattern. */
export const ATTENTION_ATTRIBUTES: OptionKinds<AttentionAttributes> = {
  pattern: anything,
  scale: aNumber,
  queryOffset: integer(),
  softcap: aPositiveNumber,
  layout: aLayout,
  returnLse: aBoolean,
};

/**
 * The op but for its maths. `flops` are those of dense attention; a plan's `stats` say what a pattern costs.
 */
export const attentionSpec: OpSpec<AttentionAttributes> = {
  required: ATTENTION_REQUIRED,
  optional: ATTENTION_OPTIONAL,
  attributes: ATTENTION_ATTRIBUTES,
  hint: attentionHint,
  flops: (inputs, attributes) => {
    const { batch, heads, queryLength, keyLength, headDim, valueDim } = attentionProblem(inputs, attributes);
    return 2 * batch * heads * queryLength * keyLength * (headDim + valueDim);
  },
  attributesKey: ({ pattern, ...options }) => canonicalJson({ ...options, pattern: pattern.key }),
};

/** Sizes and resolved options of one attention call. */
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
  readonly layout: AttentionLayout;
  readonly returnLse: boolean;
}

/** Anything with a shape: a spec, a tensor, a reference tensor. */
export interface Shaped {
  readonly shape: readonly number[];
}

/** The sizes of a call and its options with defaults filled in. Inputs must have passed `infer`. */
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
    layout,
    returnLse: attributes.returnLse ?? false,
  };
}

/** Extents of a rank-4 tensor as [batch, heads, seq, dim]. */
export function inBhnd(spec: Shaped, layout: AttentionLayout): readonly [number, number, number, number] {
  const [b, x, y, d] = spec.shape;
  return layout === 'bhnd' ? [b, x, y, d] : [b, y, x, d];
}

/**
 * Strides, in elements, of batch, head and row of a contiguous tensor of this layout; a row itself is
 * contiguous.
 */
export interface RowStrides {
  readonly batch: number;
  readonly head: number;
  readonly row: number;
}

/** Where row `n` of head `h` of batch row `b` starts: `b·batch + h·head + n·row`. */
export function rowStrides(layout: AttentionLayout, heads: number, length: number, dim: number): RowStrides {
  return layout === 'bhnd'
    ? { batch: heads * length * dim, head: length * dim, row: dim }
    : { batch: heads * length * dim, head: dim, row: heads * dim };
}

/** The key/value head that a query head reads: grouped-query attention, Ainslie et al. 2023. */
export function kvHeadOf(problem: AttentionProblem, head: number): number {
  return Math.floor((head * problem.kvHeads) / problem.heads);
}
