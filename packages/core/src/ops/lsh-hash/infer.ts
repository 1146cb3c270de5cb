/** Checks a call of `lshHash`, and derives the shape of its buckets. */
import { show } from '../../errors.ts';
import type { TensorSpec } from '../../tensor.ts';
import { inBhnd } from '../attention/spec.ts';
import type { NamedSpecs } from '../op.ts';
import { checkDtype, checkIntegerList, checkShapeIs, fail, sameShape, sharedFloat } from '../validate.ts';
import { lshHashProblem, type LshHashAttributes } from './spec.ts';

const OP = 'lshHash';

/** The spec of the buckets. Errors: see `LshHashInputs`. */
export function inferLshHash(inputs: NamedSpecs, attributes: LshHashAttributes): [TensorSpec] {
  const { x, rotations, keyMask } = inputs;
  const { buckets, layout = 'bhnd' } = attributes;
  const dtype = sharedFloat(OP, inputs, ['x']);
  checkDtype(OP, inputs, 'rotations', dtype === 'f32' ? ['f32'] : ['f16', 'f32']);

  if (x.shape.length !== 4) {
    const axes = layout === 'bhnd' ? '[batch, heads, seq, headDim]' : '[batch, seq, heads, headDim]';
    fail('INVALID_SHAPE', OP, `x must be ${axes}, got ${show(x.shape)}`);
  }
  checkBuckets(buckets);
  checkRotations(rotations.shape, inBhnd(x, layout), buckets);
  const { batch, heads, length, rounds } = lshHashProblem(inputs, attributes);
  if (keyMask !== undefined) {
    checkDtype(OP, inputs, 'keyMask', ['bool', 'u8']);
    checkShapeIs(OP, inputs, 'keyMask', [batch, length], '[batch, tokens]');
  }
  return [{ dtype: 'i32', shape: [batch, heads, rounds, length] }];
}

/** Checks that factors are even and their product fits an i32. Errors, with this name: `INVALID_ARGUMENT`. */
export function checkBuckets(buckets: readonly number[], name = 'buckets'): void {
  checkIntegerList(OP, name, buckets);
  if (buckets.length === 0 || buckets.some((factor) => factor < 2 || factor % 2 !== 0)) {
    fail('INVALID_ARGUMENT', OP, `${name} must be even factors ≥ 2, got ${show(buckets)}`);
  }
  if (buckets.reduce((product, factor) => product * factor, 1) >= 2 ** 31) {
    fail('INVALID_ARGUMENT', OP, `the product of ${name} must be below 2^31, got ${show(buckets)}`);
  }
}

function checkRotations(
  shape: readonly number[],
  [batch, heads, , headDim]: readonly number[],
  buckets: readonly number[],
): void {
  const width = buckets.reduce((sum, factor) => sum + factor / 2, 0);
  const rounds = shape.at(-2) ?? 0;
  const rotation = [headDim, rounds, width];
  const forms = [rotation, [heads, ...rotation], [batch, heads, ...rotation]];
  if (!forms.some((form) => sameShape(form, shape)) || rounds === 0) {
    const expected = `[${headDim}, rounds, ${width}], with [${heads}] or [${batch}, ${heads}] before it or not`;
    fail('INVALID_SHAPE', OP, `rotations must be [headDim, rounds, width] = ${expected}, got ${show(shape)}`);
  }
}
