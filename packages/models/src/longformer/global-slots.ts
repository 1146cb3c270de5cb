/**
 * Few global tokens: their rows are computed apart from all others, without their own projections of all
 * tokens. A global row's logits are q · (W x + b) = (Wᵀq) · x + q · b, so the query goes through Wᵀ once, and
 * meets the tokens as they are; q · b is the same for all tokens, so softmax does not see it. Its result is
 * Σ p (W x + b) = W Σ p x + b, since Σ p = 1, so the mean of tokens goes through W once. With N tokens of
 * width h and g global ones in heads of width d, that is 4 g N h²/d operations; projections take 6 N h².
 */
import { f32, i32, type Tensor, type Value } from '@attn/core';
import type { ModelBuilder } from '../graph/model-builder.ts';
import type { LongformerEncoderConfig } from './config.ts';
import type { LayerWeights } from './weights.ts';

/** Which tokens are global: 1 in a mask [B, N]. */
export interface GlobalMask {
  readonly shape: readonly [batch: number, length: number];
  readonly data: Uint8Array;
}

/**
 * How many slots a row should have, so that each of its global tokens has one; undefined where all tokens are
 * to be projected. A power of two, so that few graphs are compiled.
 */
export function slotsFor(config: LongformerEncoderConfig, { shape, data }: GlobalMask): number | undefined {
  const [batch, length] = shape;
  let most = 0;
  for (let b = 0; b < batch; b++) {
    const row = data.subarray(b * length, (b + 1) * length);
    most = Math.max(
      most,
      row.reduce((sum, isGlobal) => sum + isGlobal, 0),
    );
  }
  const slots = 2 ** Math.ceil(Math.log2(most));
  return areFew(config, length, slots) ? slots : undefined;
}

/**
 * Whether so many global tokens cost so much less apart that it pays to move their results to their places.
 * Queries of a causal model do not see all tokens.
 */
export function areFew(
  { hiddenSize, heads, causal }: LongformerEncoderConfig,
  length: number,
  globals: number,
): boolean {
  const apart = globals * (4 * heads * length * hiddenSize + 6 * hiddenSize ** 2);
  const projections = 6 * length * hiddenSize ** 2 + 4 * globals * length * hiddenSize;
  return !causal && 2 * apart < projections;
}

/** The tables of a batch. */
export interface SlotTables {
  /** [B, slots]: rows of global tokens among all B · N; slots left over have the row's first token. */
  readonly rows: Tensor<'i32'>;
  /** [B, N]: where the result of each token is among the B · N local ones and, after them, those of slots. */
  readonly results: Tensor<'i32'>;
}

/** Finds the rows of global tokens, of which no row of the batch may have more than there are slots. */
export function slotTables({ shape: [batch, length], data }: GlobalMask, slots: number): SlotTables {
  const rows = new Int32Array(batch * slots);
  const results = Int32Array.from({ length: batch * length }, (_, i) => i);
  for (let b = 0; b < batch; b++) {
    let next = b * slots;
    rows.fill(b * length, next, next + slots);
    for (let i = b * length; i < (b + 1) * length; i++) {
      if (data[i] === 0) continue;
      results[i] = batch * length + next;
      rows[next++] = i;
    }
  }
  return { rows: i32([batch, slots], rows), results: i32([batch, length], results) };
}

/** What the layers of a graph need to know of global tokens. */
export interface GlobalSlots {
  readonly rows: Value;
  readonly results: Value;
  /** [B, 1, N]: added to the logits of tokens; absent without padding. */
  readonly keyBias: Value | undefined;
}

/** A layer's attention: the results of global tokens take their places among the `local` ones, [B, N, h]. */
export function withGlobalRows(
  builder: ModelBuilder,
  x: Value,
  local: Value,
  weights: LayerWeights,
  { config, slots }: { readonly config: LongformerEncoderConfig; readonly slots: GlobalSlots },
): Value {
  const { hiddenSize } = config;
  const flat = (value: Value): Value => builder.reshape(value, [-1, hiddenSize]);
  const global = globalRows(builder, x, weights, { config, slots });
  return builder.embedding(slots.results, builder.concat([flat(local), flat(global)], 0));
}

/** The results of global tokens, [B, slots, h]. */
function globalRows(
  builder: ModelBuilder,
  x: Value,
  { queryGlobal, keyGlobal, valueGlobal }: LayerWeights,
  { config, slots }: { readonly config: LongformerEncoderConfig; readonly slots: GlobalSlots },
): Value {
  const { hiddenSize: width, heads } = config;
  const headWidth = width / heads;
  const [batch, length] = x.shape;
  const [, count] = slots.rows.shape;
  const perHead = ({ weight }: LayerWeights['query']): Value =>
    builder.reshape(builder.weight(weight), [1, heads, headWidth, width]);

  const tokens = builder.embedding(slots.rows, builder.reshape(x, [batch * length, width]));
  const projected = builder.reshape(builder.dense(tokens, queryGlobal), [batch, count, heads, headWidth]);
  const scale = builder.constant(f32([1], [1 / Math.sqrt(headWidth)]));
  const q = builder.mul(builder.transpose(projected, [0, 2, 1, 3]), scale); // [B, heads, slots, d]
  // Each query through its head's Wᵀ, in the order [B, heads · slots, h].
  const turned = builder.matmul(perHead(keyGlobal), q, { transposeA: true, transposeB: true });
  const queries = builder.reshape(builder.transpose(turned, [0, 1, 3, 2]), [batch, heads * count, width]);

  const logits = builder.matmul(queries, x, { transposeB: true }); // [B, heads · slots, N]
  const biased = slots.keyBias === undefined ? logits : builder.add(logits, slots.keyBias);
  const means = builder.matmul(builder.softmax(biased), x);

  const mean = builder.reshape(means, [batch, heads, count, width]);
  const results = builder.matmul(perHead(valueGlobal), mean, { transposeB: true }); // [B, heads, d, slots]
  const merged = builder.reshape(builder.transpose(results, [0, 3, 1, 2]), [batch, count, width]);
  return builder.add(merged, builder.weight(valueGlobal.bias));
}
