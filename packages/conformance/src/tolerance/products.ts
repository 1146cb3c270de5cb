/**
 * Error bounds of sums and of sums of products. For c = Σ a·b over k terms, |c̃ − c| ≤ γₖ · Σ|a||b|, and the
 * sum on the right is the op itself applied to magnitudes, so the op's own reference computes the bound.
 */
import { type OpName } from '@attn/core/backend';
import { references, type ReferenceTensor } from '@attn/core/reference';
import { unaryError } from './pointwise.ts';
import { gamma } from './rounding.ts';
import type { ErrorRule } from './rule.ts';

export const matmulError: ErrorRule<'matmul'> = ({ a, b }, attributes) => {
  const length = a.shape[a.shape.length - (attributes.transposeA ? 2 : 1)];
  const [size] = references.matmul({ a: magnitude(a), b: magnitude(b) }, attributes);
  return [size.data.map((sum) => gamma(length) * sum)];
};

export const linearError: ErrorRule<'linear'> = (inputs, { activation }) => {
  const { x, weight, bias } = inputs;
  const factor = gamma(weight.shape[1] + 1);
  const [size] = references.linear(
    { x: magnitude(x), weight: magnitude(weight), bias: bias && magnitude(bias) },
    {},
  );
  const [sums] = references.linear(inputs, {});
  const errorOf = (x: number, error: number): number => {
    if (activation !== undefined) return unaryError(activation, x, error);
    return Number.isFinite(x) ? error : 0; // ±∞ is not off
  };
  return [size.data.map((sum, i) => errorOf(sums.data[i], factor * sum))];
};

export const expertLinearError: ErrorRule<'expertLinear'> = (inputs) => {
  const { x, experts, weight, bias } = inputs;
  const factor = gamma(weight.shape[1] + 1);
  const sizes = { x: magnitude(x), experts, weight: magnitude(weight), bias: bias && magnitude(bias) };
  const [size] = references.expertLinear(sizes, {});
  return [size.data.map((sum) => factor * sum)];
};

/** Plain sums, and a division for means. The greatest is one of the numbers themselves, without error. */
export const reduceError: ErrorRule<'reduce'> = ({ x }, { axis, kind }, [out]) => {
  if (kind === 'max') return [new Float64Array(out.data.length)];
  const factor = gamma(x.shape[axis] + 1);
  const [size] = references.reduce({ x: magnitude(x) }, { axis, kind });
  return [size.data.map((sum) => factor * sum)];
};

/** No error of its own: what is moved or chosen is exact, and only storing it may round. */
export function noError<K extends OpName>(): ErrorRule<K> {
  return (_inputs, _attributes, outputs) => outputs.map(({ data }) => new Float64Array(data.length));
}

function magnitude(x: ReferenceTensor): ReferenceTensor {
  return { shape: x.shape, data: x.data.map(Math.abs) };
}
