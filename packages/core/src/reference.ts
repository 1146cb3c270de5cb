/**
 * `@attn/core/reference` defines every op in float64. Backends are tested against it; applications do not
 * need it, so it is an entry of its own.
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
