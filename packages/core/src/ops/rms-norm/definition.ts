/** The `rmsNorm` op over the last axis. Zhang & Sennrich 2019, https://arxiv.org/abs/1910.07467 */
import { anything } from '../../check/kinds.ts';
import { show } from '../../errors.ts';
import { sizeOf } from '../../tensor.ts';
import type { OpDefinition } from '../op.ts';
import { checkMinRank, checkShapeIs, fail, sharedFloat } from '../validate.ts';

/** Attributes of `rmsNorm`. */
export interface RmsNormAttributes {
  /** Added to the mean of the squares; ≥ 0. */
  readonly eps: number;
  /** Added to each weight: 1 where a checkpoint stores weights less 1, as Gemma's do; else 0. */
  readonly weightOffset: number;
}

/**
 * Inputs `x [..., n]`, `weight? [n]` (default 1), all f32 or all f16; the output is like x. Errors:
 * `INVALID_SHAPE`, `INVALID_DTYPE`, `INVALID_ARGUMENT`.
 */
export const rmsNormDefinition: OpDefinition<RmsNormAttributes> = {
  required: ['x'],
  optional: ['weight'],
  attributes: { eps: anything, weightOffset: anything },
  flops: ({ x }) => 4 * sizeOf(x.shape),
  infer(inputs, { eps, weightOffset }) {
    const { x, weight } = inputs;
    const dtype = sharedFloat('rmsNorm', inputs, ['x', 'weight']);
    checkMinRank('rmsNorm', inputs, 'x', 1);
    if (weight) checkShapeIs('rmsNorm', inputs, 'weight', [x.shape[x.shape.length - 1]], '[features]');
    if (!Number.isFinite(eps) || eps < 0) {
      fail('INVALID_ARGUMENT', 'rmsNorm', `eps must be a finite number ≥ 0, got ${show(eps)}`);
    }
    if (!Number.isFinite(weightOffset)) {
      fail('INVALID_ARGUMENT', 'rmsNorm', `weightOffset must be a finite number, got ${show(weightOffset)}`);
    }
    if (!weight && weightOffset !== 0) {
      fail('INVALID_ARGUMENT', 'rmsNorm', `weightOffset needs a weight, got ${show(weightOffset)} alone`);
    }
    return [{ dtype, shape: x.shape }];
  },
};
