/** Every case of the suite, one list per op. */
import type { ConformanceCase } from '../case.ts';
import { additiveMaskCases } from './additive-masks.cases.ts';
import { attentionCaseList } from './attention.cases.ts';
import { graphCases } from './graph.cases.ts';
import { lshAttentionCases } from './lsh/attention.cases.ts';
import { argsortCases, lshHashCases } from './lsh/hash.cases.ts';
import { lshSystemCases } from './lsh/system.cases.ts';
import { linformerCaseList } from './linformer.cases.ts';
import { maskCases } from './mask.cases.ts';
import { movementCases } from './movement.cases.ts';
import { layerNormCases, rmsNormCases, softmaxCases } from './normalisation.cases.ts';
import { pointwiseCases } from './pointwise.cases.ts';
import { linearCases, matmulCases } from './products.cases.ts';
import { reduceCases } from './reduce.cases.ts';
import { rotaryCases } from './rotary.cases.ts';
import { topKCases } from './top-k.cases.ts';
import { expertLinearCases } from './expert-linear.cases.ts';
import { quantizedEmbeddingCases, quantizedLinearCases } from './quantized.cases.ts';
import { writeRowsCases } from './write-rows.cases.ts';

/** All cases, in the order of their ops. Ids are unique. */
export const allCases: readonly ConformanceCase[] = [
  ...attentionCaseList,
  ...linearCases,
  ...matmulCases,
  ...pointwiseCases,
  ...layerNormCases,
  ...softmaxCases,
  ...reduceCases,
  ...maskCases,
  ...movementCases,
  ...lshHashCases,
  ...argsortCases,
  ...lshAttentionCases,
  ...linformerCaseList,
  ...graphCases,
  ...additiveMaskCases,
  ...lshSystemCases,
  ...rmsNormCases,
  ...rotaryCases,
  ...topKCases,
  ...expertLinearCases,
  ...quantizedLinearCases,
  ...quantizedEmbeddingCases,
  ...writeRowsCases,
];
