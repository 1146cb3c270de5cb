/**
 * The attention op: softmax(scale · q kᵀ + bias, over the keys that the pattern allows) · v.
 * Everything that a backend needs to know of one call is derived here once, so that backends check only their own
 * limits. Vaswani et al. 2017, §3.2.1.
 */
import { AttnError, show } from '../../errors.ts';
import type { Pattern } from '../../patterns/pattern.ts';
import type { TensorSpec } from '../../tensor.ts';
import type { NamedSpecs } from '../op.ts';

/** Order of the axes of q, k, v and out: [batch, heads, seq, headDim] or [batch, seq, heads, headDim]. */
export type AttentionLayout = 'bhnd' | 'bnhd';

/** Attributes of the op. */
export interface AttentionAttributes {
  /** Who attends to whom. */
  readonly pattern: Pattern;
  /** Factor on q·k. Default 1/√headDim. */
  readonly scale?: number;
  /** Position of query 0 in key coordinates. Default keyLength − queryLength (as a key/value cache needs it). */
  readonly queryOffset?: number;
  /** When given, logits become `softcap · tanh(scale · q·k / softcap)`, before any bias. Positive. */
  readonly softcap?: number;
  /** Default `bhnd`. */
  readonly layout?: AttentionLayout;
  /** Also return lse [batch, heads, queryLength], f32, natural log. */
  readonly returnLse?: boolean;
}

/** Required inputs. */
export const ATTENTION_REQUIRED: readonly string[] = ['q', 'k', 'v'];

/**
 * Optional inputs (Nq, Nk: query and key length; H, Hkv: query and key/value heads):
 * - `keyMask` [B, Nk]: 0 hides the key from everyone.
 * - `queryMask` [B, Nq]: 0 makes the row empty (out 0, lse −∞), as Longformer does with padding.
 * - `globalMask` [B, Nk], `segmentIds` [B, Nk], `keyLengths` [B]: data of the pattern.
 * - `bias`: added to the logits, broadcast to [B, H, Nq, Nk]. −∞ hides a pair.
 * - `alibiSlopes` [H] or [B, H]: adds −slope · |queryPosition − keyPosition|. Press et al. 2022.
 * - `relativeBias` [H, 2R+1]: adds table[h, clamp(keyPosition − queryPosition, −R, R) + R].
 * - `qGlobal`, `kGlobal`, `vGlobal` of the shapes of q, k, v: used instead of them in the rows of the pattern's
 *   global tokens. Longformer (Beltagy et al. 2020), §3.1.
 */
export const ATTENTION_OPTIONAL: readonly string[] = [
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

/** The sizes of a call and its options with defaults filled in. Inputs must have passed `infer`. */
export function attentionProblem(inputs: NamedSpecs, attributes: AttentionAttributes): AttentionProblem {
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
export function inBhnd(spec: TensorSpec, layout: AttentionLayout): readonly [number, number, number, number] {
  const [b, x, y, d] = spec.shape;
  return layout === 'bhnd' ? [b, x, y, d] : [b, y, x, d];
}

/** Strides, in elements, of batch, head and row of a contiguous tensor of this layout; a row itself is contiguous. */
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

/** Throws `INVALID_ARGUMENT` with the option's name unless the number is finite. */
export function finiteOption(name: string, value: number | undefined): void {
  if (value !== undefined && !Number.isFinite(value)) {
    throw new AttnError('INVALID_ARGUMENT', 'core/attention', `${name} must be a finite number, got ${show(value)}`);
  }
}
