/** The ops and their attributes. A new op is a folder here, a line in this map and a line in `ops/index.ts`. */
import type { AttentionAttributes } from './attention/spec.ts';
import type { ConcatAttributes } from './concat/spec.ts';
import type { GatherAttributes } from './gather/spec.ts';
import type { GeluAttributes } from './gelu/spec.ts';
import type { LayerNormAttributes } from './layer-norm/spec.ts';
import type { LinearAttributes } from './linear/spec.ts';
import type { LshAttentionAttributes } from './lsh-attention/spec.ts';
import type { LshHashAttributes } from './lsh-hash/spec.ts';
import type { MatmulAttributes } from './matmul/spec.ts';
import type { ReduceAttributes } from './reduce/spec.ts';
import type { ReshapeAttributes } from './reshape/spec.ts';
import type { SliceAttributes } from './slice/spec.ts';
import type { SoftmaxAttributes } from './softmax/spec.ts';
import type { TransposeAttributes } from './transpose/spec.ts';

/** Of ops that have none. */
export type NoAttributes = Readonly<Record<string, never>>;

/** Attributes by op name; inputs, shapes and errors are documented in each op's `spec.ts`. */
export interface OpAttributes {
  attention: AttentionAttributes;
  linear: LinearAttributes;
  matmul: MatmulAttributes;
  add: NoAttributes;
  mul: NoAttributes;
  layerNorm: LayerNormAttributes;
  gelu: GeluAttributes;
  relu: NoAttributes;
  tanh: NoAttributes;
  softmax: SoftmaxAttributes;
  reduce: ReduceAttributes;
  mask: NoAttributes;
  embedding: NoAttributes;
  gather: GatherAttributes;
  reshape: ReshapeAttributes;
  transpose: TransposeAttributes;
  slice: SliceAttributes;
  concat: ConcatAttributes;
  lshHash: LshHashAttributes;
  argsort: NoAttributes;
  lshAttention: LshAttentionAttributes;
}

export type OpName = keyof OpAttributes;
