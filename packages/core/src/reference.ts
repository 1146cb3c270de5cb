/**
 * `@attn/core/reference`: what every op means, in float64. Backends are compared with it and applications do
 * without it, so it is an entry of its own.
 */
export { references } from './ops/references.ts';
export { fromReference, toReference } from './ops/reference-tensor.ts';
export {
  attentionReference,
  attentionReferenceRows,
  type ReferenceInput,
  type RowAddress,
} from './ops/attention/reference.ts';
export { lshReferenceRows } from './ops/lsh-attention/reference.ts';
export { evaluateReference } from './graph/evaluate.ts';
export type { NamedReferences, OpReference, ReferenceTensor } from './ops/op.ts';
