/** The `rotary` op: rotary position embedding. Su et al. 2021, https://arxiv.org/abs/2104.09864 */
import { aBoolean } from '../../check/kinds.ts';
import { show } from '../../errors.ts';
import { sizeOf } from '../../tensor.ts';
import { broadcastsTo } from '../broadcast.ts';
import type { OpDefinition } from '../op.ts';
import { checkMinRank, fail, sharedFloat } from '../validate.ts';

/** Attributes of `rotary`. */
export interface RotaryAttributes {
  /**
   * Which numbers are a pair: neighbours (2i, 2i + 1), as in GPT-J and the paper; or, where it is false,
   * (i, i + pairs), as in GPT-NeoX, Llama and ModernBERT.
   */
  readonly interleaved: boolean;
}

/**
 * Inputs `x [..., width]`, `cos` and `sin [..., pairs]` of one shape, whose axes but the last broadcast to
 * those of x, all f32 or all f16; the output is like x. The first 2 · pairs numbers of each row are turned,
 * the others are copied. Errors: `INVALID_SHAPE`, `INVALID_DTYPE`, `INVALID_ARGUMENT`.
 */
export const rotaryDefinition: OpDefinition<RotaryAttributes> = {
  required: ['x', 'cos', 'sin'],
  attributes: { interleaved: aBoolean },
  flops: ({ x }) => 3 * sizeOf(x.shape),
  infer(inputs) {
    const { x, cos, sin } = inputs;
    const dtype = sharedFloat('rotary', inputs, ['x', 'cos', 'sin']);
    checkMinRank('rotary', inputs, 'x', 1);
    checkMinRank('rotary', inputs, 'cos', 1);
    if (sin.shape.join() !== cos.shape.join()) {
      fail(
        'INVALID_SHAPE',
        'rotary',
        `sin must have the shape of cos, ${show(cos.shape)}, got ${show(sin.shape)}`,
      );
    }
    const [width, pairs] = [x, cos].map(({ shape }) => shape[shape.length - 1]);
    if (2 * pairs > width) {
      const message = `cos must have at most ${Math.floor(width / 2)} numbers a row, half of x's, got ${pairs}`;
      fail('INVALID_SHAPE', 'rotary', message);
    }
    if (!broadcastsTo(cos.shape.slice(0, -1), x.shape.slice(0, -1))) {
      const message = `the axes of cos but the last must broadcast to those of x, ${show(x.shape)}, got ${show(cos.shape)}`;
      fail('INVALID_SHAPE', 'rotary', message);
    }
    return [{ dtype, shape: x.shape }];
  },
};
