/**
 * Attention of today's models, in which several heads of queries share a head of keys and values (Ainslie et
 * al. 2023, https://arxiv.org/abs/2305.13245). Queries and keys of each head are normalised, and then turned.
 */
import type { Value } from '@attn/core';
import type { ConfigReader } from '../checkpoint/config-reader.ts';
import { linearSlots, matrixSlots, Slot, sensitive, type Weights } from '../checkpoint/layout.ts';
import type { ModelBuilder } from '../graph/model-builder.ts';
import type { RopeValues } from './rope.ts';

/** How many heads there are, and how wide each is. */
export interface GroupedHeads {
  readonly heads: number;
  /** Heads of keys and values; a divisor of `heads`. */
  readonly kvHeads: number;
  readonly headDim: number;
}

/** Slots of a linear layer that may have a bias. */
export interface ProjectionSlots {
  readonly weight: Slot;
  readonly bias?: Slot | undefined;
}

/** Slots of one attention. */
export interface GroupedAttentionSlots {
  readonly query: ProjectionSlots;
  readonly key: ProjectionSlots;
  readonly value: ProjectionSlots;
  readonly output: ProjectionSlots;
  readonly queryNorm: { readonly weight: Slot };
  readonly keyNorm: { readonly weight: Slot };
}

/** Queries [B, N, heads, headDim], keys and values [B, N, kvHeads, headDim], normalised and turned. */
export interface TurnedHeads {
  readonly q: Value;
  readonly k: Value;
  readonly v: Value;
  /** Factor on the scores. Undefined: 1/√headDim. */
  readonly scale: number | undefined;
}

/** What queries gather from the keys that they see: [B, N, heads, headDim]. */
export type Attend = (heads: TurnedHeads) => Value;

/** What one attention depends on beside its weights. */
export interface GroupedAttention {
  readonly sizes: GroupedHeads;
  readonly rope: RopeValues;
  readonly attend: Attend;
  /** Factor on the scores. Default 1/√headDim. */
  readonly scale?: number;
  readonly eps: number;
  /** Added to the weights of both norms. Default 0. */
  readonly normOffset?: number;
  /** Whether values are normalised, too, without weights. Default false. */
  readonly normValues?: boolean;
}

/** Widest head that a config may claim: tables of its rotation are made before any weight is read. */
const HEAD_DIM = { least: 1, most: 65_536 } as const;

/**
 * Reads `num_attention_heads`, `num_key_value_heads` and `head_dim`, which is not a share of the model's
 * width. Errors: `MALFORMED_FILE`.
 */
export function readGroupedHeads(
  reader: ConfigReader,
  byDefault: { readonly headDim: number },
): GroupedHeads {
  const heads = reader.integer('num_attention_heads', { least: 1 });
  const kvHeads = reader.integer('num_key_value_heads', { least: 1 });
  if (heads % kvHeads !== 0)
    throw reader.wrong('num_key_value_heads', `a divisor of num_attention_heads = ${heads}`, kvHeads);
  return {
    heads,
    kvHeads,
    headDim: reader.integer('head_dim', { ...HEAD_DIM, byDefault: byDefault.headDim }),
  };
}

/** Slots of an attention of states of this width, as Hugging Face names them. */
export function groupedAttentionSlots(
  name: string,
  width: number,
  { heads, kvHeads, headDim }: GroupedHeads,
  { bias }: { readonly bias: boolean },
): GroupedAttentionSlots {
  const slots = bias ? linearSlots : matrixSlots;
  return {
    query: slots(`${name}.q_proj`, heads * headDim, width),
    key: slots(`${name}.k_proj`, kvHeads * headDim, width),
    value: sensitive(slots(`${name}.v_proj`, kvHeads * headDim, width)),
    output: slots(`${name}.o_proj`, width, heads * headDim),
    queryNorm: { weight: new Slot(`${name}.q_norm.weight`, [headDim]) },
    keyNorm: { weight: new Slot(`${name}.k_norm.weight`, [headDim]) },
  };
}

/** Adds an attention with its projections: [B, N, width] to [B, N, width]. */
export function groupedAttention(
  builder: ModelBuilder,
  x: Value,
  weights: Weights<GroupedAttentionSlots>,
  { sizes, rope, attend, scale, eps, normOffset = 0, normValues = false }: GroupedAttention,
): Value {
  const [batch, length] = x.shape;
  const { heads, kvHeads, headDim } = sizes;
  const project = (projection: Weights<ProjectionSlots>, count: number): Value =>
    builder.reshape(builder.dense(x, projection), [batch, length, count, headDim]);
  const turned = (states: Value, norm: Weights<GroupedAttentionSlots>['queryNorm']): Value =>
    builder.rotary(builder.rms(states, norm, eps, normOffset), rope.cos, rope.sin);
  const v = project(weights.value, kvHeads);
  const out = attend({
    q: turned(project(weights.query, heads), weights.queryNorm),
    k: turned(project(weights.key, kvHeads), weights.keyNorm),
    v: normValues ? builder.rmsNorm(v, { eps }) : v,
    scale,
  });
  return builder.dense(builder.reshape(out, [batch, length, heads * headDim]), weights.output);
}
