/** Everything public of `@attn/core`, grouped as the folders are; the float64 references are an entry of their own, `reference.ts`. */

// Errors and tensors.
export { AttnError, show, throwIfAborted, type AttnErrorCode } from './errors.ts';
export {
  checkArgument,
  checkOptions,
  readEntries,
  type OptionKinds,
  type OptionWords,
} from './check-options.ts';
export * from './kinds.ts';
export { nearestName, unknownName } from './nearest-name.ts';
export {
  allocate,
  bool,
  byteLengthOf,
  bytesPerElement,
  checkTensor,
  contiguous,
  contiguousStrides,
  DTYPES,
  f32,
  i32,
  sizeOf,
  storageOver,
  tensor,
  zeros,
  type DataOf,
  type DType,
  type FileSpan,
  type HalfArray,
  type StorageOf,
  type Tensor,
  type TensorSpec,
} from './tensor.ts';
export { isBuffer, isList, isMap, typedArrayName, type TypedArray } from './typed-array.ts';
export { dataIdentity, inMemory, isLazy, lazyTensor } from './lazy-tensor.ts';
export { ordinaryMemory } from './host-memory.ts';
export { float32ToHalf, halfToFloat32, halfToNumber, numberToHalf } from './float16.ts';

export { clock, onHostTimers, type Clock, type Timer } from './clock.ts';

// Patterns: who attends to whom.
export * from './patterns/index.ts';

// Plans: a pattern as a list of tiles.
export * from './plan/block-plan.ts';
export { ChunkPlan, type ChunkData } from './plan/chunk-plan.ts';
export * from './plan/plan-attention.ts';
export * from './plan/plan-cache.ts';
export {
  PLAN_INPUTS,
  planObstacle,
  planTensors,
  planValues,
  type PlanInput,
  type PlanTensors,
} from './plan/plan-inputs.ts';
export { SPAN_MASK } from './plan/span-mask.ts';
export { planBytes } from './plan/plan-blocks.ts';
export { finish, finishPolitely, type Steps } from './plan/steps.ts';
export { maskAllows } from './plan/tile-mask.ts';
export { countTiles, forEachSpan, forEachTile, type Spans } from './plan/walk.ts';

// Ops: their shapes and their meaning.
export type { NoAttributes, OpAttributes, OpName } from './ops/attributes.ts';
export { OP_NAMES, ops } from './ops/index.ts';
export type { NamedSpecs, OpDefinition, OpSpec } from './ops/op.ts';
export { broadcastStrides } from './ops/broadcast.ts';
export { activationFunction, gelu, geluTanh, relu, type Activation } from './ops/activation.ts';
export { erf } from './ops/gelu/erf.ts';
export { checkIndices } from './ops/indices.ts';
export {
  ATTENTION_OPTIONAL,
  ATTENTION_REQUIRED,
  attentionProblem,
  inBhnd,
  kvHeadOf,
  rowStrides,
  type AttentionAttributes,
  type AttentionInputName,
  type AttentionInputs,
  type AttentionLayout,
  type AttentionProblem,
  type RowStrides,
  type Shaped,
} from './ops/attention/spec.ts';
export { batchRows, effectivePattern, patternData } from './ops/attention/effective-pattern.ts';
export { mergeStates, type AttentionState } from './ops/attention/merge-states.ts';
export type { ConcatAttributes } from './ops/concat/spec.ts';
export { concatOperands } from './ops/concat/spec.ts';
export type { GatherAttributes } from './ops/gather/spec.ts';
export type { GeluAttributes } from './ops/gelu/spec.ts';
export type { LayerNormAttributes } from './ops/layer-norm/spec.ts';
export type { LinearAttributes } from './ops/linear/spec.ts';
export {
  lshHashProblem,
  type LshHashAttributes,
  type LshHashInputs,
  type LshHashProblem,
} from './ops/lsh-hash/spec.ts';
export {
  lshProblem,
  type LshAttentionAttributes,
  type LshAttentionInputs,
  type LshProblem,
} from './ops/lsh-attention/spec.ts';
export { lshPairs, type LshPair } from './ops/lsh-attention/pairs.ts';
export { matmulSizes, type MatmulAttributes, type MatmulSizes } from './ops/matmul/spec.ts';
export type { ReduceAttributes, ReduceKind } from './ops/reduce/spec.ts';
export type { ReshapeAttributes } from './ops/reshape/spec.ts';
export type { SliceAttributes } from './ops/slice/spec.ts';
export type { SoftmaxAttributes } from './ops/softmax/spec.ts';
export type { TransposeAttributes } from './ops/transpose/spec.ts';

// Systems: what is composed of ops.
export {
  lshAttention,
  type LshOperands,
  type LshOptions,
  type LshValues,
} from './systems/reformer/lsh-attention.ts';
export {
  LSH_PRESETS,
  type LshConventions,
  type LshPreset,
  type RotationSharing,
} from './systems/reformer/lsh-presets.ts';
export { randomRotations } from './systems/reformer/constants.ts';
export {
  localChunkAttention,
  localChunks,
  type LocalChunkOperands,
  type LocalChunkOptions,
  type LocalChunks,
} from './systems/reformer/local-chunk-attention.ts';
export { linformerAttention } from './systems/linformer/linformer-attention.ts';
export {
  linformerProjectedInput,
  type LinformerProjectedInputs,
  type LinformerProjectedOptions,
} from './systems/linformer/projected-input.ts';
export {
  LINFORMER_PROJECTIONS,
  type LinformerInputs,
  type LinformerOptions,
  type LinformerProjection,
  type PerHead,
} from './systems/linformer/options.ts';

// Graphs: what a backend compiles.
export {
  inputSpecs,
  namedInputs,
  type Graph,
  type GraphNode,
  type NodeOf,
  type ValueId,
} from './graph/graph.ts';
export { GraphBuilder, type AttentionValues, type Value } from './graph/builder.ts';
export { ARENA_ALIGNMENT, planMemory, type MemoryPlan, type Placement } from './graph/memory.ts';

// Backends: their contract, and what those in host memory share.
export * from './backend.ts';
export * from './define-backend.ts';
export { compileGraph, type ExecutorOptions } from './graph/executor.ts';
export type { Kernel, KernelCall, KernelContext, KernelTable } from './graph/kernel.ts';
export { checkGraph } from './graph/check-graph.ts';
export {
  checkCompileOptions,
  checkProbeOptions,
  checkRunOptions,
  withRunOptions,
} from './graph/run-options.ts';
export { checkGraphData, checkNodeData } from './graph/node-data.ts';
export { createPause, eventLoopTurn, type Pause } from './graph/pause.ts';
export { RunQueue } from './graph/run-queue.ts';
export { untilAborted } from './graph/until-aborted.ts';
export { notify } from './graph/notify.ts';
export { withCallbacks } from './graph/callbacks.ts';
export { throttleProgress } from './graph/progress.ts';
export type { Region } from './graph/region.ts';
export { checkRunInputs } from './graph/run-inputs.ts';
export { argsort } from './kernels/argsort.ts';
export { inChunks } from './kernels/chunks.ts';
export { moveKernels } from './kernels/move.ts';
export { forEachRow } from './kernels/rows.ts';

// Selection: which backend runs what.
export { attentionGraph, attentionInputs, type AttentionCall } from './select/attention-call.ts';
export { linformerGraph, linformerInputs, type LinformerCall } from './select/linformer-call.ts';
export { lshGraph, lshInputs, type LshCall } from './select/lsh-call.ts';
export * from './select/attn.ts';
export { ATTN_OPTIONS } from './select/check-arguments.ts';
export { createAttn } from './select/create-attn.ts';
export { leastTime, repeatFor, type LeastTimeOptions, type Repeated } from './select/least-time.ts';
export { isPlausible, plausible } from './select/plausible.ts';
export { workClock } from './select/work-clock.ts';
export type { CalibrationStore } from './select/store/calibration-store.ts';
export { debug, debugLevel, type DebugLevel } from './debug.ts';
export { LruMap, type LruOptions } from './lru.ts';
