/** The attributes of every op, by name. */
import type { AttentionAttributes } from './attention/spec.ts';
import type { ConcatAttributes } from './concat/definition.ts';
import type { GatherAttributes } from './gather/definition.ts';
import type { LayerNormAttributes } from './layer-norm/definition.ts';
import type { LinearAttributes } from './linear/definition.ts';
import type { LshAttentionAttributes } from './lsh-attention/spec.ts';
import type { LshHashAttributes } from './lsh-hash/spec.ts';
import type { MatmulAttributes } from './matmul/definition.ts';
import type { NoAttributes } from './op.ts';
import type { GeluAttributes, PointwiseOp } from './pointwise/table.ts';
import type { QuantizedEmbeddingAttributes } from './quantized-embedding/definition.ts';
import type { QuantizedLinearAttributes } from './quantized-linear/definition.ts';
import type { ReduceAttributes } from './reduce/definition.ts';
import type { ReshapeAttributes } from './reshape/definition.ts';
import type { RmsNormAttributes } from './rms-norm/definition.ts';
import type { RotaryAttributes } from './rotary/definition.ts';
import type { TopKAttributes } from './top-k/definition.ts';
import type { SliceAttributes } from './slice/definition.ts';
import type { SoftmaxAttributes } from './softmax/definition.ts';
import type { TransposeAttributes } from './transpose/definition.ts';
import type { WriteRowsAttributes } from './write-rows/definition.ts';

/** All pointwise ops but gelu have no attributes. */
type PointwiseAttributes = { [K in Exclude<PointwiseOp, 'gelu'>]: NoAttributes };

/** Attributes by op name; each op's own type documents them. */
export interface OpAttributes extends PointwiseAttributes {
  attention: AttentionAttributes;
  linear: LinearAttributes;
  matmul: MatmulAttributes;
  gelu: GeluAttributes;
  layerNorm: LayerNormAttributes;
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
  rmsNorm: RmsNormAttributes;
  rotary: RotaryAttributes;
  topK: TopKAttributes;
  expertLinear: NoAttributes;
  quantizedLinear: QuantizedLinearAttributes;
  quantizedEmbedding: QuantizedEmbeddingAttributes;
  writeRows: WriteRowsAttributes;
}
