/**
 * All ops by name, one line each. An op is a folder: `definition.ts` says what it takes and the shapes that
 * it gives, `reference.ts` what it means. References have a list of their own, `references.ts`, so that
 * applications do not ship them. Pointwise ops are rows of one table, `pointwise/table.ts`.
 */
import { checkOptions } from '../check/check-options.ts';
import type { OpAttributes } from './attributes.ts';
import { argsortDefinition } from './argsort/definition.ts';
import { inferAttention } from './attention/infer.ts';
import { attentionSpec } from './attention/spec.ts';
import { concatDefinition } from './concat/definition.ts';
import { embeddingDefinition } from './embedding/definition.ts';
import { gatherDefinition } from './gather/definition.ts';
import { layerNormDefinition } from './layer-norm/definition.ts';
import { linearDefinition } from './linear/definition.ts';
import { inferLshAttention } from './lsh-attention/infer.ts';
import { lshAttentionSpec } from './lsh-attention/spec.ts';
import { inferLshHash } from './lsh-hash/infer.ts';
import { lshHashSpec } from './lsh-hash/spec.ts';
import { maskDefinition } from './mask/definition.ts';
import { matmulDefinition } from './matmul/definition.ts';
import type { OpDefinition } from './op.ts';
import type { OpName } from './op-name.ts';
import { pointwiseDefinitions } from './pointwise/definition.ts';
import { reduceDefinition } from './reduce/definition.ts';
import { reshapeDefinition } from './reshape/definition.ts';
import { sliceDefinition } from './slice/definition.ts';
import { softmaxDefinition } from './softmax/definition.ts';
import { transposeDefinition } from './transpose/definition.ts';
import { rmsNormDefinition } from './rms-norm/definition.ts';
import { rotaryDefinition } from './rotary/definition.ts';
import { topKDefinition } from './top-k/definition.ts';
import { quantizedEmbeddingDefinition } from './quantized-embedding/definition.ts';
import { quantizedLinearDefinition } from './quantized-linear/definition.ts';
import { expertLinearDefinition } from './expert-linear/definition.ts';
import { writeRowsDefinition } from './write-rows/definition.ts';
import { checkInputNames } from './validate.ts';

type Definitions = { readonly [K in OpName]: OpDefinition<OpAttributes[K]> };

const DEFINITIONS: Definitions = {
  attention: { ...attentionSpec, infer: inferAttention },
  linear: linearDefinition,
  matmul: matmulDefinition,
  ...pointwiseDefinitions,
  layerNorm: layerNormDefinition,
  softmax: softmaxDefinition,
  reduce: reduceDefinition,
  mask: maskDefinition,
  embedding: embeddingDefinition,
  gather: gatherDefinition,
  reshape: reshapeDefinition,
  transpose: transposeDefinition,
  slice: sliceDefinition,
  concat: concatDefinition,
  lshHash: { ...lshHashSpec, infer: inferLshHash },
  argsort: argsortDefinition,
  rmsNorm: rmsNormDefinition,
  rotary: rotaryDefinition,
  topK: topKDefinition,
  expertLinear: expertLinearDefinition,
  quantizedLinear: quantizedLinearDefinition,
  quantizedEmbedding: quantizedEmbeddingDefinition,
  writeRows: writeRowsDefinition,
  lshAttention: { ...lshAttentionSpec, infer: inferLshAttention },
};

/** All op names. */
export const OP_NAMES: readonly OpName[] = Object.keys(DEFINITIONS) as OpName[];

/** What core knows of every op beside its meaning. */
export const ops: Definitions = Object.fromEntries(OP_NAMES.map((op) => [op, checked(op)])) as Definitions;

/** The definition of an op, with an `infer` that checks the names of inputs and attributes first. */
function checked<K extends OpName>(op: K): OpDefinition<OpAttributes[K]> {
  const definition: OpDefinition<OpAttributes[K]> = DEFINITIONS[op];
  return {
    ...definition,
    infer: (inputs, attributes) => {
      checkInputNames(op, definition, inputs);
      const { attributes: kinds } = definition;
      return definition.infer(inputs, checkOptions(`core/${op}`, attributes, kinds, { name: 'attributes' }));
    },
  };
}
