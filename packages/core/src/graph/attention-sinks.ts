/**
 * Attention with learned sinks, of other ops, so that plans and kernels of all backends know nothing of them.
 *
 * The softmax over the keys and a sink is that over the keys, times the share that the keys have beside it:
 *
 *     out · sigmoid(lse − sink)        lse' = log(exp(lse) + exp(sink))
 *
 * OpenAI 2025, gpt-oss, https://arxiv.org/abs/2508.10925
 */
import { checkOptions } from '../check/check-options.ts';
import { inferAttention } from '../ops/attention/infer.ts';
import { ATTENTION_ATTRIBUTES, type AttentionAttributes } from '../ops/attention/spec.ts';
import { full } from '../patterns/full.ts';
import { bool, f32, type Tensor } from '../tensor.ts';
import { float32ToHalf } from '../util/float16.ts';
import type { PointwiseBuilder, Value } from './pointwise-builder.ts';

/** The values that attention returns; `lse` only with `returnLse`. */
export interface AttentionValues {
  readonly out: Value;
  readonly lse?: Value;
}

/** What is needed of `GraphBuilder`, which imports this file. */
type Builder = InstanceType<typeof PointwiseBuilder> & { constant(tensor: Tensor): Value };

type Operands = Readonly<Record<string, Value | undefined>>;

/** The least float32: it stands for −∞ where −∞ − (−∞) would be no number. */
export const LEAST = -3.4028234663852886e38;

/** Adds attention whose softmax has a sink in each row. Errors: those of attention. */
export function attentionWithSinks(
  builder: Builder,
  inputs: Operands,
  sinks: Value,
  attributes: AttentionAttributes,
): AttentionValues {
  const own = checkOptions('core/attention', attributes, ATTENTION_ATTRIBUTES, { name: 'attributes' });
  const [out, lse] = builder.node('attention', inputs, { ...own, returnLse: true });
  const present = Object.entries(inputs).filter((entry): entry is [string, Value] => entry[1] !== undefined);
  inferAttention({ ...Object.fromEntries(present), sinks }, own);
  if (out.dtype === 'f32' && own.returnLse !== true) {
    return { out: builder.mul(out, shareByFormula(builder, lse, sinks, own)) };
  }
  const both = shareByAttention(builder, inputs.q as Value, lse, sinks, own);
  return { out: builder.mul(out, both.share), lse: both.lse };
}

/** The weight of all keys of a row beside its sink, with axes as those of out. */
function shareByFormula(builder: Builder, lse: Value, sinks: Value, attributes: AttentionAttributes): Value {
  const heads = lse.shape[1];
  const finite = builder.max(reshape(builder, sinks, [heads, 1]), builder.constant(f32([1], [LEAST])));
  return perRow(builder, builder.sigmoid(builder.sub(lse, finite)), attributes);
}

/** Numbers of rows, [batch, heads, queries], with axes as those of out. */
export function perRow(builder: Builder, share: Value, { layout }: AttentionAttributes): Value {
  const [batch, heads, queries] = share.shape;
  if (layout !== 'bnhd') return reshape(builder, share, [batch, heads, queries, 1]);
  const [turned] = builder.node('transpose', { x: share }, { permutation: [0, 2, 1] });
  return reshape(builder, turned, [batch, queries, heads, 1]);
}

/**
 * That share in the dtype of q, and the new lse. No other op rounds to halves or has a logarithm, so this is
 * attention once more: to two keys with the logits lse and sink and the values 1 and 0.
 */
function shareByAttention(
  builder: Builder,
  q: Value,
  lse: Value,
  sinks: Value,
  { layout = 'bhnd', returnLse }: AttentionAttributes,
): { readonly share: Value; readonly lse?: Value } {
  const never = builder.constant(bool([1], [0]));
  const zerosLike = (x: Value): Value => builder.node('mask', { x, mask: never }, {})[0];
  const [batch, heads, queries] = lse.shape;
  const logits = [lse, builder.add(zerosLike(lse), widened(builder, sinks))].map((x) =>
    reshape(builder, x, [batch, heads, queries, 1]),
  );
  const [bias] = builder.node('concat', { x0: logits[0], x1: logits[1] }, { axis: 3 });
  const ends = q.shape.with(3, 1);
  const [column] = builder.node('slice', { x: q }, { starts: [0, 0, 0, 0], ends });
  const pair = layout === 'bhnd' ? [batch, 1, 2, 1] : [batch, 2, 1, 1];
  const keys = (first: number): Value => {
    const data = Float32Array.from({ length: 2 * batch }, (_, i) => (i % 2 === 0 ? first : 0));
    const dtype = q.dtype as 'f32' | 'f16';
    return builder.constant(
      dtype === 'f16' ? { dtype, shape: pair, data: float32ToHalf(data) } : f32(pair, data),
    );
  };
  const [share, both] = builder.node(
    'attention',
    { q: zerosLike(column), k: keys(0), v: keys(1), bias },
    { pattern: full(), layout, returnLse },
  );
  return { share, lse: both };
}

/** Sinks as [heads, 1] in f32. Halves are logits of attention to a single key, whose lse is that logit. */
function widened(builder: Builder, sinks: Value): Value {
  const heads = sinks.shape[0];
  if (sinks.dtype === 'f32') return reshape(builder, sinks, [heads, 1]);
  const k = reshape(builder, sinks, [1, heads, 1, 1]);
  const ones = Float32Array.from({ length: heads }, () => 1);
  const q = builder.constant({ dtype: 'f16', shape: [1, heads, 1, 1], data: float32ToHalf(ones) });
  const attributes = { pattern: full(), scale: 1, returnLse: true };
  const [, lse] = builder.node('attention', { q, k, v: k }, attributes);
  return reshape(builder, lse, [heads, 1]);
}

function reshape(builder: Builder, x: Value, shape: readonly number[]): Value {
  return builder.node('reshape', { x }, { shape })[0];
}
