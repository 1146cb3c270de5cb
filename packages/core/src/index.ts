/**
 * `@attn/core` is for applications: attention on the backends that are installed. Backends import
 * `@attn/core/backend`; the float64 definitions are in `@attn/core/reference`.
 */

// The front door: which backends there are, and running on the best of them.
export { createAttn } from './run/create-attn.ts';
export type {
  Attn,
  AttnEvents,
  AttnOptions,
  AttnRunOptions,
  BoundState,
  CompiledGraph,
  CreateStateOptions,
  Explanation,
  Ran,
  Tune,
} from './run/attn.ts';
export type { Backend, Probe, Progress, Tensors } from './contract/backend.ts';
export type { State } from './contract/state.ts';
export type { CalibrationStore } from './choose/store/calibration-store.ts';

// Errors and tensors.
export { AttnError, type AttnErrorCode } from './errors.ts';
export { bool, f32, i32, tensor, zeros, type DType, type Tensor, type TensorSpec } from './tensor.ts';

// Calls: attention by itself.
export { attention, type AttentionCall, type AttentionResult } from './calls/attention.ts';
export { linformer, type LinformerCall } from './calls/linformer.ts';
export { lsh, type LshCall, type LshResult } from './calls/lsh.ts';
export { defineCall, type Call } from './calls/call.ts';
export type { CallDefinition } from './calls/definition.ts';

// Scores: what a pair counts.
export { score, type Score, type ScoreFunction } from './scores/score.ts';
export type {
  ScoreCondition,
  ScoreOperand,
  ScoreTable,
  ScoreValue,
  ScoreVariables,
} from './scores/score-terms.ts';

// Patterns: which query sees which key.
export * from './patterns/index.ts';
export { localChunks } from './systems/reformer/local-chunks.ts';
export type { Json, JsonObject } from './util/json-value.ts';

// Plans: what a pattern costs.
export { partsOf } from './plan/parts.ts';
export { planAttention } from './plan/plan-attention.ts';
export type { AttentionPlan, PlanStats, TriedOrder } from './plan/block-plan.ts';

// Graphs: what is computed beside attention.
export { GraphBuilder, type Value } from './graph/builder.ts';
export type { Graph } from './graph/graph.ts';
export type { Activation } from './ops/pointwise/table.ts';
export type { QuantizedValues } from './graph/op-builder.ts';
export {
  quantizeMatrix,
  type IntegerMatrix,
  type QuantizedMatrix,
  type QuantizeMatrixOptions,
} from './quantize/quantize-matrix.ts';
export type { CodeBits, CodeFormat } from './quantize/codes.ts';
export type { HalfForm } from './quantize/halves.ts';
export type { ActivationForm, ExactActivationForm } from './quantize/activations.ts';

// Systems: attention of the literature, composed of ops in a graph.
export { buildLsh } from './systems/reformer/lsh.ts';
export { LSH_PRESETS, type LshPreset } from './systems/reformer/lsh-presets.ts';
export { buildLocalChunks } from './systems/reformer/local-chunks.ts';
export { buildLinformer } from './systems/linformer/linformer.ts';
export { buildLinformerProjection } from './systems/linformer/projected-input.ts';
