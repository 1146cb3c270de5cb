/** The `expertLinear` op: a linear layer of which each row uses a few of many weights, its experts. */
import { show } from '../../errors.ts';
import { sizeOf } from '../../tensor.ts';
import type { NoAttributes, OpDefinition } from '../op.ts';
import { checkDtype, checkMinRank, checkShapeIs, fail, sameShape, sharedFloat } from '../validate.ts';

/**
 * Inputs `x [..., in]`, `experts [..., k]` (i32 or u32), `weight [E, in, out]`, `bias? [E, out]`, floats all
 * f32 or all f16; output `[..., k, out]`: for each row of x and each of its experts e, x · weight[e] +
 * bias[e]. An expert outside of [0, E) is an error when the graph runs. The work is that of the chosen
 * experts. Errors: `INVALID_SHAPE`, `INVALID_DTYPE`.
 *
 * Shazeer et al. 2017, https://arxiv.org/abs/1701.06538
 */
export const expertLinearDefinition: OpDefinition<NoAttributes> = {
  required: ['x', 'experts', 'weight'],
  optional: ['bias'],
  attributes: {},
  flops: ({ experts, weight }) => 2 * sizeOf(experts.shape) * sizeOf(weight.shape.slice(1)),
  infer(inputs) {
    const { x, experts, weight, bias } = inputs;
    const dtype = sharedFloat('expertLinear', inputs, ['x', 'weight', 'bias']);
    checkDtype('expertLinear', inputs, 'experts', ['i32', 'u32']);
    checkMinRank('expertLinear', inputs, 'x', 1);
    checkMinRank('expertLinear', inputs, 'experts', 1);
    const rows = x.shape.slice(0, -1);
    if (!sameShape(experts.shape.slice(0, -1), rows)) {
      const expected = `[${[...rows, 'k'].join(', ')}]`;
      fail('INVALID_SHAPE', 'expertLinear', `experts must be ${expected}, got ${show(experts.shape)}`);
    }
    const [count, inFeatures, outFeatures] = weight.shape;
    if (weight.shape.length !== 3 || count === 0 || inFeatures !== x.shape.at(-1)) {
      const expected = `[experts ≥ 1, in = ${x.shape.at(-1)}, out]`;
      fail('INVALID_SHAPE', 'expertLinear', `weight must be ${expected}, got ${show(weight.shape)}`);
    }
    if (bias) checkShapeIs('expertLinear', inputs, 'bias', [count, outFeatures], '[experts, out]');
    return [{ dtype, shape: [...experts.shape, outFeatures] }];
  },
};
