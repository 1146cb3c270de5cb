/**
 * Attention over a pattern that is cheaper in parts, of other ops. With disjoint sets s of keys,
 *
 *     out = Σₛ exp(lseₛ) · outₛ / Σₛ exp(lseₛ)
 *
 * because lseₛ is the logarithm of the softmax's denominator over s. Dao et al. 2022,
 * https://arxiv.org/abs/2205.14135; Liu et al. 2023, https://arxiv.org/abs/2310.01889
 */
import { checkOptions } from '../check/check-options.ts';
import { inferAttention } from '../ops/attention/infer.ts';
import {
  ATTENTION_ATTRIBUTES,
  ATTENTION_REQUIRED,
  attentionProblem,
  type AttentionAttributes,
} from '../ops/attention/spec.ts';
import type { Pattern } from '../patterns/pattern.ts';
import { partsOf } from '../plan/parts.ts';
import type { PlanSizes } from '../plan/plan-attention.ts';
import { f32, type Tensor } from '../tensor.ts';
import { LruMap } from '../util/lru.ts';
import { LEAST, perRow } from './attention-sinks.ts';
import type { PointwiseBuilder, Value } from './pointwise-builder.ts';

type Builder = InstanceType<typeof PointwiseBuilder> & { constant(tensor: Tensor): Value };

type Operands = Readonly<Record<string, Value | undefined>>;

/** Inputs of which a part has a view of its own, or none. */
const WHOLE_ONLY = ['globalMask', 'segmentIds', 'keyLengths', 'mask', 'qGlobal', 'kGlobal', 'vGlobal'];

/** The parts in which a node is computed; one part for the node as it is. */
export function attentionParts(inputs: Operands, attributes: AttentionAttributes): readonly Pattern[] {
  // The node itself refuses a call without them.
  if (ATTENTION_REQUIRED.some((name) => inputs[name] === undefined)) return [attributes.pattern];
  const own = checkOptions('core/attention', attributes, ATTENTION_ATTRIBUTES, { name: 'attributes' });
  const present = Object.entries(inputs).filter((entry): entry is [string, Value] => entry[1] !== undefined);
  const specs: Readonly<Record<string, Value>> = Object.fromEntries(present);
  inferAttention(specs, own);
  const isPlain =
    specs.q.dtype === 'f32' && own.returnLse !== true && !WHOLE_ONLY.some((name) => specs[name]);
  return isPlain ? rememberedParts(attentionProblem(specs, own), own.pattern) : [own.pattern];
}

/** Decisions by the key of the pattern and the sizes: layers of a model have calls of one pattern. */
const decisions = new LruMap<readonly Pattern[]>(64);

function rememberedParts(sizes: PlanSizes, pattern: Pattern): readonly Pattern[] {
  if (pattern.alternatives().length < 2) return [pattern];
  const { batch, heads, queryLength, keyLength, queryOffset } = sizes;
  const key = [pattern.key, batch, heads, queryLength, keyLength, queryOffset].join('|');
  let parts = decisions.get(key);
  if (parts === undefined) {
    parts = partsOf(sizes, pattern);
    decisions.set(key, parts);
  }
  return parts;
}

/** Adds attention over the union of disjoint patterns, in f32. */
export function attentionInParts(
  builder: Builder,
  inputs: Operands,
  attributes: AttentionAttributes,
  parts: readonly Pattern[],
): Value {
  const results = parts.map((pattern) =>
    builder.node('attention', inputs, { ...attributes, pattern, returnLse: true }),
  );
  const greatest = results.map(([, lse]) => lse).reduce((a, b) => builder.max(a, b));
  // A row without keys has −∞ everywhere, and −∞ − (−∞) is no number.
  const finite = builder.max(greatest, builder.constant(f32([1], [LEAST])));
  const weights = results.map(([, lse]) => builder.exp(builder.sub(lse, finite)));
  const total = weights.reduce((a, b) => builder.add(a, b));
  const some = builder.max(total, builder.constant(f32([1], [2 ** -126])));
  return results
    .map(([out], i) => builder.mul(out, perRow(builder, builder.div(weights[i], some), attributes)))
    .reduce((a, b) => builder.add(a, b));
}
