/** gelu(x) has the shape of x. */
import type { TensorSpec } from '../../tensor.ts';
import type { NamedSpecs } from '../op.ts';
import { checkOneOf, sharedFloat } from '../validate.ts';
import type { GeluAttributes } from './spec.ts';

/** See `geluSpec`. */
export function inferGelu(inputs: NamedSpecs, { approximate }: GeluAttributes): [TensorSpec] {
  checkOneOf('gelu', 'approximate', approximate, ['none', 'tanh']);
  return [{ dtype: sharedFloat('gelu', inputs, ['x']), shape: inputs.x.shape }];
}
