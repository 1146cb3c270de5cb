/** The `layerNorm` op over the last axis. Ba, Kiros & Hinton 2016, https://arxiv.org/abs/1607.06450 */
import { anything } from '../../check/kinds.ts';
import { show } from '../../errors.ts';
import { sizeOf } from '../../tensor.ts';
import type { OpDefinition } from '../op.ts';
import { checkMinRank, checkShapeIs, fail, sharedFloat } from '../validate.ts';

/** Attributes of `layerNorm`. */
export interface LayerNormAttributes {
  /** Added to the variance; ≥ 0. */
  readonly eps: number;
}

/**
 * Inputs `x [..., n]`, `weight? [n]` (default 1), `bias? [n]` (default 0), all f32 or all f16; the output is
 * like x. Errors: `INVALID_SHAPE`, `INVALID_DTYPE`, `INVALID_ARGUMENT`.
 */
export const layerNormDefinition: OpDefinition<LayerNormAttributes> = {
  required: ['x'],
  optional: ['weight', 'bias'],
  attributes: { eps: anything },
  flops: ({ x }) => 8 * sizeOf(x.shape),
  infer(inputs, { eps }) {
    const { x, weight, bias } = inputs;
    const dtype = sharedFloat('layerNorm', inputs, ['x', 'weight', 'bias']);
    checkMinRank('layerNorm', inputs, 'x', 1);
    const features = x.shape[x.shape.length - 1];
    if (weight) checkShapeIs('layerNorm', inputs, 'weight', [features], '[features]');
    if (bias) checkShapeIs('layerNorm', inputs, 'bias', [features], '[features]');
    if (!Number.isFinite(eps) || eps < 0) {
      fail('INVALID_ARGUMENT', 'layerNorm', `eps must be a finite number ≥ 0, got ${show(eps)}`);
    }
    return [{ dtype, shape: x.shape }];
  },
};
