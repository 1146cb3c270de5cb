/**
 * Combines attention over disjoint sets of keys, so that keys can be split between calls, workers or
 * machines.
 *
 * With (outₛ, lseₛ) for each set s of keys, attention over their union is
 *
 *     lse = log Σₛ exp(lseₛ)          out = Σₛ exp(lseₛ − lse) · outₛ
 *
 * because lseₛ is the logarithm of the softmax's denominator over s. Used by FlashAttention's split-K and by
 * Ring Attention: Dao et al. 2022, https://arxiv.org/abs/2205.14135; Liu et al. 2023,
 * https://arxiv.org/abs/2310.01889
 */
import { checkArgument, checkOptions } from '../../check/check-options.ts';
import { AttnError, show } from '../../errors.ts';
import { fields } from '../../check/kinds.ts';
import { checkTensor, zeros, type DType, type Tensor } from '../../tensor.ts';
import { toReference } from '../reference-tensor.ts';
import { sameShape } from '../validate.ts';
import { ATTENTION_ATTRIBUTES, inBhnd, rowStrides, type AttentionLayout } from './spec.ts';

/** The result of attention over a set of keys. */
export interface AttentionState {
  /** [batch, heads, queries, valueDim] in `layout`, f32 or f16. */
  readonly out: Tensor;
  /** [batch, heads, queries], f32, natural log. */
  readonly lse: Tensor;
}

const WHERE = 'core/mergeStates';

const aState = fields('{ out, lse }', 'out', 'lse');

const OPTIONS = { layout: ATTENTION_ATTRIBUTES.layout };

/**
 * Computes attention over the union of the states' keys, as f32, with sums in float64. A state whose lse is
 * −∞ (no key) does not count; NaN in a row of another state gives NaN in that row. An f32 lse above about 10⁷
 * does not say how many keys it stands for: such states count equally where their greatest logits are equal.
 *
 * Errors: `INVALID_ARGUMENT`, `INVALID_DTYPE`, `INVALID_SHAPE`.
 *
 * @example
 * const { out } = mergeStates([
 *   { out: zeros('f32', [1, 8, 16, 64]), lse: zeros('f32', [1, 8, 16]) },
 *   { out: zeros('f32', [1, 8, 16, 64]), lse: zeros('f32', [1, 8, 16]) },
 * ]);
 */
export function mergeStates(
  states: readonly AttentionState[],
  options: { readonly layout?: AttentionLayout } = {},
): { readonly out: Tensor<'f32'>; readonly lse: Tensor<'f32'> } {
  const { layout = 'bhnd' } = checkOptions(WHERE, options, OPTIONS);
  checkStates(states, layout);
  const [batch, heads, queries, valueDim] = inBhnd(states[0].out, layout);
  const strides = rowStrides(layout, heads, queries, valueDim);
  const out = zeros('f32', states[0].out.shape);
  const lse = zeros('f32', states[0].lse.shape);
  const parts = states.map((state) => ({
    out: toReference(state.out).data,
    lse: toReference(state.lse).data,
  }));
  const sum = new Float64Array(valueDim);

  for (let index = 0; index < batch * heads * queries; index++) {
    const row = index % queries;
    const head = Math.floor(index / queries) % heads;
    const start =
      Math.floor(index / queries / heads) * strides.batch + head * strides.head + row * strides.row;
    const present = parts.filter((part) => part.lse[index] !== -Infinity);
    const max = present.reduce((most, part) => Math.max(most, part.lse[index]), -Infinity);
    let total = 0;
    sum.fill(0);
    for (const part of present) {
      const weight = Math.exp(part.lse[index] - max);
      total += weight;
      for (let d = 0; d < valueDim; d++) sum[d] += weight * part.out[start + d];
    }
    lse.data[index] = max === -Infinity ? max : max + Math.log(total);
    if (present.length > 0) for (let d = 0; d < valueDim; d++) out.data[start + d] = sum[d] / total;
  }
  return { out, lse };
}

function checkStates(states: readonly AttentionState[], layout: AttentionLayout): void {
  const where = WHERE;
  if (!Array.isArray(states) || states.length === 0) {
    throw new AttnError(
      'INVALID_ARGUMENT',
      where,
      `expected a list of at least one state, got ${show(states)}`,
    );
  }
  states.forEach((state, index) => {
    checkArgument(where, `state ${index}`, state, aState);
    const { out, lse } = state;
    checkFloat(out, ['f32', 'f16'], where, `out of state ${index}`);
    checkFloat(lse, ['f32'], where, `lse of state ${index}`);
    if (out.shape.length !== 4 || !sameShape(out.shape, states[0].out.shape)) {
      const expected = index === 0 ? 'rank 4' : `the shape of state 0, ${show(states[0].out.shape)}`;
      throw new AttnError(
        'INVALID_SHAPE',
        where,
        `out of state ${index} must have ${expected}, got ${show(out.shape)}`,
      );
    }
    const [batch, heads, queries] = inBhnd(out, layout);
    if (!sameShape(lse.shape, [batch, heads, queries])) {
      const expected = show([batch, heads, queries]);
      throw new AttnError(
        'INVALID_SHAPE',
        where,
        `lse of state ${index} must be ${expected}, got ${show(lse.shape)}`,
      );
    }
  });
}

function checkFloat(tensor: Tensor, allowed: readonly DType[], where: string, name: string): void {
  checkTensor(tensor, where, name);
  if (!allowed.includes(tensor.dtype)) {
    throw new AttnError(
      'INVALID_DTYPE',
      where,
      `${name} must be ${allowed.join(' or ')}, got ${tensor.dtype}`,
    );
  }
}
