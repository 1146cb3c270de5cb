/** `reshape` moves nothing. */
import type { NamedReferences, ReferenceTensor } from '../op.ts';
import { resolveShape, type ReshapeAttributes } from './definition.ts';

/** out has the elements of x in row-major order. */
export function reshapeReference({ x }: NamedReferences, attributes: ReshapeAttributes): [ReferenceTensor] {
  return [{ shape: resolveShape(x.shape, attributes), data: x.data }];
}
