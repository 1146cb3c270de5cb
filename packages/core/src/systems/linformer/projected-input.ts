/**
 * Linformer in fairseq's order: the input of a layer is projected, and then goes through the linear layers
 * of keys and values. Their biases count once: (E x) Wᵀ + b, where the paper's order, E (x Wᵀ + b), adds b
 * times the sums of E's rows.
 */
import { checkOptions, type OptionKinds } from '../../check/check-options.ts';
import { show } from '../../errors.ts';
import type { GraphBuilder, Value } from '../../graph/builder.ts';
import { checkOperands } from '../../graph/check-operands.ts';
import { integer, required } from '../../check/kinds.ts';
import { ops } from '../../ops/index.ts';
import { full } from '../../patterns/full.ts';
import { headGroups } from './heads.ts';
import {
  checkLinformer,
  fail,
  LINFORMER_OPTIONS,
  type LinformerInputs,
  type LinformerOptions,
} from './options.ts';
import { projectSequence, zeroMasked } from './projection.ts';

/** B batch, N length and C width of the input; Hkv key/value heads; D head dim, Dv value dim. */
export interface LinformerProjectedInputs extends Pick<
  LinformerInputs<Value>,
  'keyMask' | 'E' | 'F' | 'biasE' | 'biasF'
> {
  /** [B, N, C]. */
  readonly x: Value;
  /** [Hkv·D, C]. */
  readonly keyWeight: Value;
  /** [Hkv·D]. */
  readonly keyBias?: Value;
  /** [Hkv·Dv, C]. */
  readonly valueWeight: Value;
  /** [Hkv·Dv]. */
  readonly valueBias?: Value;
}

/** Options of `buildLinformerProjection`. */
export interface LinformerProjectedOptions extends Pick<
  LinformerOptions,
  'projection' | 'projectedLength' | 'layout'
> {
  /** Hkv. */
  readonly keyHeads: number;
}

const WHERE = 'core/buildLinformerProjection';

const OPERANDS = {
  required: ['x', 'keyWeight', 'valueWeight'],
  optional: ['keyBias', 'valueBias', 'keyMask', 'E', 'F', 'biasE', 'biasF'],
};

const PROJECTED_OPTIONS: OptionKinds<LinformerProjectedOptions> = {
  projection: LINFORMER_OPTIONS.projection,
  projectedLength: LINFORMER_OPTIONS.projectedLength,
  layout: LINFORMER_OPTIONS.layout,
  keyHeads: required(integer(1)),
};

/**
 * Projected keys [B, Hkv, K, D] and values [B, Hkv, K, Dv], in the layout of the options, for `attention`
 * with `full()` and without a mask. E and F are matrices [K, Nmax] for all heads, or kernels [C, C, w];
 * rows of x whose key mask is 0 count as 0. Errors: `INVALID_ARGUMENT`, `INVALID_SHAPE`, `MISSING_INPUT`.
 *
 * The order of fairseq's linformer_src (https://github.com/facebookresearch/fairseq).
 *
 * @example
 * const hidden = builder.input('hidden', { dtype: 'f32', shape: [1, 256, 16] });
 * const project = builder.input('project', { dtype: 'f32', shape: [16, 16] });
 * const projection = buildLinformerProjection(
 *   builder,
 *   { x: hidden, keyWeight: project, valueWeight: project },
 *   { keyHeads: 2, projection: 'meanPool', projectedLength: 32 },
 * );
 * const { out } = builder.attention({ q, ...projection }, { pattern: full() });
 */
export function buildLinformerProjection(
  builder: GraphBuilder,
  inputs: LinformerProjectedInputs,
  options: LinformerProjectedOptions,
): { readonly k: Value; readonly v: Value } {
  checkOperands(WHERE, builder, inputs, OPERANDS);
  const { keyHeads, layout = 'bhnd', ...projection } = checkOptions(WHERE, options, PROJECTED_OPTIONS);

  const { x, keyMask, keyWeight, keyBias, valueWeight, valueBias, ...matrices } = inputs;
  checkLinformer(matrices, projection);
  if (x.shape.length !== 3) fail('INVALID_SHAPE', `x must be [batch, n, width], got ${show(x.shape)}`);
  const [batch, n, width] = x.shape;
  // The input as the keys and the values of one head.
  const head = builder.reshape(x, [batch, 1, n, width]);
  ops.attention.infer({ q: head, k: head, v: head, ...(keyMask && { keyMask }) }, { pattern: full() });
  const [{ key, value }] = headGroups(builder, { q: head, k: head, v: head, ...matrices }, projection);
  const visible = zeroMasked(builder, head, keyMask && builder.reshape(keyMask, [batch, 1, n, 1]));
  const forKeys = projectSequence(builder, visible, key);
  const forValues = value === key ? forKeys : projectSequence(builder, visible, value);
  const split = (projected: Value, weight: Value, bias: Value | undefined): Value => {
    const y = builder.linear(projected, weight, bias);
    const [, , k, out] = y.shape;
    const rows = builder.reshape(y, [batch, k, keyHeads, out / keyHeads]);
    return layout === 'bhnd' ? builder.transpose(rows, [0, 2, 1, 3]) : rows;
  };
  return { k: split(forKeys, keyWeight, keyBias), v: split(forValues, valueWeight, valueBias) };
}
