/** All ops by name, one line each. An op is a folder: `spec` (what it is), `infer` (shapes), `reference` (meaning). */
import type { OpAttributes, OpName } from './attributes.ts';
import { inferAdd } from './add/infer.ts';
import { addReference } from './add/reference.ts';
import { addSpec } from './add/spec.ts';
import { inferAttention } from './attention/infer.ts';
import { attentionReference } from './attention/reference.ts';
import { attentionSpec } from './attention/spec.ts';
import { inferConcat } from './concat/infer.ts';
import { concatReference } from './concat/reference.ts';
import { concatSpec } from './concat/spec.ts';
import { inferEmbedding } from './embedding/infer.ts';
import { embeddingReference } from './embedding/reference.ts';
import { embeddingSpec } from './embedding/spec.ts';
import { inferGather } from './gather/infer.ts';
import { gatherReference } from './gather/reference.ts';
import { gatherSpec } from './gather/spec.ts';
import { inferGelu } from './gelu/infer.ts';
import { geluReference } from './gelu/reference.ts';
import { geluSpec } from './gelu/spec.ts';
import { inferLayerNorm } from './layer-norm/infer.ts';
import { layerNormReference } from './layer-norm/reference.ts';
import { layerNormSpec } from './layer-norm/spec.ts';
import { inferLinear } from './linear/infer.ts';
import { linearReference } from './linear/reference.ts';
import { linearSpec } from './linear/spec.ts';
import { inferMatmul } from './matmul/infer.ts';
import { matmulReference } from './matmul/reference.ts';
import { matmulSpec } from './matmul/spec.ts';
import { inferMul } from './mul/infer.ts';
import { mulReference } from './mul/reference.ts';
import { mulSpec } from './mul/spec.ts';
import { inferRelu } from './relu/infer.ts';
import { reluReference } from './relu/reference.ts';
import { reluSpec } from './relu/spec.ts';
import { inferReshape } from './reshape/infer.ts';
import { reshapeReference } from './reshape/reference.ts';
import { reshapeSpec } from './reshape/spec.ts';
import { inferSlice } from './slice/infer.ts';
import { sliceReference } from './slice/reference.ts';
import { sliceSpec } from './slice/spec.ts';
import { inferSoftmax } from './softmax/infer.ts';
import { softmaxReference } from './softmax/reference.ts';
import { softmaxSpec } from './softmax/spec.ts';
import { inferTanh } from './tanh/infer.ts';
import { tanhReference } from './tanh/reference.ts';
import { tanhSpec } from './tanh/spec.ts';
import { inferTranspose } from './transpose/infer.ts';
import { transposeReference } from './transpose/reference.ts';
import { transposeSpec } from './transpose/spec.ts';
import type { OpDefinition, OpSpec } from './op.ts';
import { checkInputNames } from './validate.ts';

/** What core knows of every op. */
export const ops: { readonly [K in OpName]: OpDefinition<OpAttributes[K]> } = {
  attention: define('attention', attentionSpec, inferAttention, attentionReference),
  linear: define('linear', linearSpec, inferLinear, linearReference),
  matmul: define('matmul', matmulSpec, inferMatmul, matmulReference),
  add: define('add', addSpec, inferAdd, addReference),
  mul: define('mul', mulSpec, inferMul, mulReference),
  layerNorm: define('layerNorm', layerNormSpec, inferLayerNorm, layerNormReference),
  gelu: define('gelu', geluSpec, inferGelu, geluReference),
  relu: define('relu', reluSpec, inferRelu, reluReference),
  tanh: define('tanh', tanhSpec, inferTanh, tanhReference),
  softmax: define('softmax', softmaxSpec, inferSoftmax, softmaxReference),
  embedding: define('embedding', embeddingSpec, inferEmbedding, embeddingReference),
  gather: define('gather', gatherSpec, inferGather, gatherReference),
  reshape: define('reshape', reshapeSpec, inferReshape, reshapeReference),
  transpose: define('transpose', transposeSpec, inferTranspose, transposeReference),
  slice: define('slice', sliceSpec, inferSlice, sliceReference),
  concat: define('concat', concatSpec, inferConcat, concatReference),
};

/** All op names. */
export const OP_NAMES: readonly OpName[] = Object.keys(ops) as OpName[];

/** Puts an op together; the names of its inputs are checked here, before its own `infer`. */
function define<K extends OpName>(
  op: K,
  spec: OpSpec<OpAttributes[K]>,
  infer: OpDefinition<OpAttributes[K]>['infer'],
  reference: OpDefinition<OpAttributes[K]>['reference'],
): OpDefinition<OpAttributes[K]> {
  return {
    ...spec,
    infer: (inputs, attributes) => {
      checkInputNames(op, spec, inputs);
      return infer(inputs, attributes);
    },
    reference,
  };
}
