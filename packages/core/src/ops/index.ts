/**
 * All ops by name, one line each. An op is a folder: `spec` (what it is), `infer` (shapes) and `reference` (meaning); the last
 * stands in `references.ts`, so that applications do not ship it.
 */
import { checkOptions } from '../check/check-options.ts';
import type { OpAttributes, OpName } from './attributes.ts';
import { inferAdd } from './add/infer.ts';
import { addSpec } from './add/spec.ts';
import { inferArgsort } from './argsort/infer.ts';
import { argsortSpec } from './argsort/spec.ts';
import { inferAttention } from './attention/infer.ts';
import { attentionSpec } from './attention/spec.ts';
import { inferConcat } from './concat/infer.ts';
import { concatSpec } from './concat/spec.ts';
import { inferEmbedding } from './embedding/infer.ts';
import { embeddingSpec } from './embedding/spec.ts';
import { inferGather } from './gather/infer.ts';
import { gatherSpec } from './gather/spec.ts';
import { inferGelu } from './gelu/infer.ts';
import { geluSpec } from './gelu/spec.ts';
import { inferLayerNorm } from './layer-norm/infer.ts';
import { layerNormSpec } from './layer-norm/spec.ts';
import { inferLinear } from './linear/infer.ts';
import { linearSpec } from './linear/spec.ts';
import { inferLshAttention } from './lsh-attention/infer.ts';
import { lshAttentionSpec } from './lsh-attention/spec.ts';
import { inferLshHash } from './lsh-hash/infer.ts';
import { lshHashSpec } from './lsh-hash/spec.ts';
import { inferMask } from './mask/infer.ts';
import { maskSpec } from './mask/spec.ts';
import { inferMatmul } from './matmul/infer.ts';
import { matmulSpec } from './matmul/spec.ts';
import { inferMul } from './mul/infer.ts';
import { mulSpec } from './mul/spec.ts';
import { inferReduce } from './reduce/infer.ts';
import { reduceSpec } from './reduce/spec.ts';
import { inferRelu } from './relu/infer.ts';
import { reluSpec } from './relu/spec.ts';
import { inferReshape } from './reshape/infer.ts';
import { reshapeSpec } from './reshape/spec.ts';
import { inferSlice } from './slice/infer.ts';
import { sliceSpec } from './slice/spec.ts';
import { inferSoftmax } from './softmax/infer.ts';
import { softmaxSpec } from './softmax/spec.ts';
import { inferTanh } from './tanh/infer.ts';
import { tanhSpec } from './tanh/spec.ts';
import { inferTranspose } from './transpose/infer.ts';
import { transposeSpec } from './transpose/spec.ts';
import type { OpDefinition, OpSpec } from './op.ts';
import { checkInputNames } from './validate.ts';

/** What core knows of every op beside its meaning. */
export const ops: { readonly [K in OpName]: OpDefinition<OpAttributes[K]> } = {
  attention: define('attention', attentionSpec, inferAttention),
  linear: define('linear', linearSpec, inferLinear),
  matmul: define('matmul', matmulSpec, inferMatmul),
  add: define('add', addSpec, inferAdd),
  mul: define('mul', mulSpec, inferMul),
  layerNorm: define('layerNorm', layerNormSpec, inferLayerNorm),
  gelu: define('gelu', geluSpec, inferGelu),
  relu: define('relu', reluSpec, inferRelu),
  tanh: define('tanh', tanhSpec, inferTanh),
  softmax: define('softmax', softmaxSpec, inferSoftmax),
  reduce: define('reduce', reduceSpec, inferReduce),
  mask: define('mask', maskSpec, inferMask),
  embedding: define('embedding', embeddingSpec, inferEmbedding),
  gather: define('gather', gatherSpec, inferGather),
  reshape: define('reshape', reshapeSpec, inferReshape),
  transpose: define('transpose', transposeSpec, inferTranspose),
  slice: define('slice', sliceSpec, inferSlice),
  concat: define('concat', concatSpec, inferConcat),
  lshHash: define('lshHash', lshHashSpec, inferLshHash),
  argsort: define('argsort', argsortSpec, inferArgsort),
  lshAttention: define('lshAttention', lshAttentionSpec, inferLshAttention),
};

/** All op names. */
export const OP_NAMES: readonly OpName[] = Object.keys(ops) as OpName[];

const ATTRIBUTES = { name: 'attributes' };

/**
 * Puts an op together; the names of its inputs and its attributes are checked here, before its own `infer`.
 */
function define<K extends OpName>(
  op: K,
  spec: OpSpec<OpAttributes[K]>,
  infer: OpDefinition<OpAttributes[K]>['infer'],
): OpDefinition<OpAttributes[K]> {
  return {
    ...spec,
    infer: (inputs, attributes) => {
      checkInputNames(op, spec, inputs);
      return infer(inputs, checkOptions(`core/${op}`, attributes, spec.attributes, ATTRIBUTES));
    },
  };
}
