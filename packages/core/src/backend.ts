/**
 * `@attn/core/backend` is for authors of backends, models and tools: the contract of backends, and what all
 * backends share. Applications only need `@attn/core`.
 */

// The contract of a backend, and the part that all backends have in common.
export {
  supportsGraph,
  type CompileOptions,
  type Executable,
  type ProbeOptions,
  type RunOptions,
  type SharedState,
} from './contract/backend.ts';
export * from './contract/define-backend.ts';
export { withRunOptions } from './contract/run-options.ts';
export { States, type StateMemory } from './contract/states.ts';

// Checks of what callers write.
export { checkArgument, checkOptions, readEntries, type OptionKinds } from './check/check-options.ts';
export * from './check/kinds.ts';
export { unknownName } from './check/nearest-name.ts';
export { show } from './check/show.ts';
export { throwIfAborted } from './errors.ts';
export { fromWire, toWire, type WireError } from './wire-error.ts';
export { ATTN_OPTIONS } from './run/check-arguments.ts';

// Tensors: their memory and their elements.
export {
  allocate,
  byteLengthOf,
  bytesPerElement,
  checkTensor,
  contiguous,
  contiguousStrides,
  DTYPES,
  sizeOf,
  storageOver,
  type DataOf,
  type FileSpan,
  type HalfArray,
  type StorageOf,
} from './tensor.ts';
export { dataIdentity, isLazy, lazyTensor, type LazyTensor } from './lazy-tensor.ts';
export { isList, isMap, typedArrayName, type TypedArray } from './util/typed-array.ts';
export { ordinaryMemory } from './util/host-memory.ts';
export { float32ToHalf, halfToFloat32, halfToNumber, numberToHalf } from './util/float16.ts';

// Graphs: what a backend compiles.
export { inputSpecs, namedInputs, type GraphNode, type NodeOf, type ValueId } from './graph/graph.ts';
export { checkGraph } from './graph/check-graph.ts';
export { partOf, type GraphPart } from './graph/part-of.ts';
export { elementsWritten, storageOf } from './graph/storage.ts';
export { withoutState, type StatelessGraph } from './graph/without-state.ts';
export type { AttentionValues } from './graph/builder.ts';

// Ops: their shapes and their meaning.
export type { OpAttributes } from './ops/attributes.ts';
export type { OpName } from './ops/op-name.ts';
export { OP_NAMES, ops } from './ops/index.ts';
export type { NamedSpecs, NoAttributes, OpDefinition, OpSpec } from './ops/op.ts';
export { broadcastStrides, offsetAt } from './ops/broadcast.ts';
export { ACTIVATIONS, BINARY_OPS, UNARY_FUNCTIONS, UNARY_OPS, unaryFunction } from './ops/pointwise/names.ts';
export {
  BINARY_MEANING,
  UNARY_MEANING,
  type Accuracy,
  type BinaryOp,
  type PointwiseOp,
  type UnaryFunction,
  type UnaryOp,
} from './ops/pointwise/table.ts';
export { erf } from './ops/pointwise/erf.ts';
export {
  ATTENTION_OPTIONAL,
  ATTENTION_REQUIRED,
  attentionProblem,
  kvHeadOf,
  rowStrides,
  TABLE_INPUTS,
  tableInput,
  tablesOf,
  type AttentionAttributes,
  type AttentionInputName,
  type AttentionInputs,
  type AttentionLayout,
  type AttentionProblem,
  type RowStrides,
  type Shaped,
} from './ops/attention/spec.ts';
export { effectivePattern, patternData } from './ops/attention/effective-pattern.ts';
export { mergeStates, type AttentionState } from './ops/attention/merge-states.ts';
export { concatOperands } from './ops/concat/definition.ts';
export { lshHashProblem, type LshHashProblem } from './ops/lsh-hash/spec.ts';
export { lshProblem, type LshAttentionAttributes, type LshProblem } from './ops/lsh-attention/spec.ts';
export { lshPairs } from './ops/lsh-attention/pairs.ts';
export { matmulSizes, type MatmulSizes } from './ops/matmul/definition.ts';
export type { ReduceAttributes, ReduceKind } from './ops/reduce/definition.ts';

// Scores: how a backend compiles them.
export type { Comparison } from './patterns/expression-tree.ts';
export { ScoreCompiler, type ScoreCode } from './scores/compile-score.ts';
export { partKey, partsByDistance, sumByDistance, type DistanceSum } from './scores/parts-by-distance.ts';
export { placeInTable, scoreFunction, type ScoredPair, type ScoreTables } from './scores/evaluate-score.ts';
export {
  scoreDependsOn,
  scoreOperands,
  someScorePart,
  type IndexVariable,
  type NumberUnary,
  type ScoreNode,
  type ScoreTest,
} from './scores/score-tree.ts';

// Plans: a pattern as a list of tiles.
export { MASK_WORDS, TILE, type BlockPlan, type BlockTiles, type PlanGroup } from './plan/block-plan.ts';
export { ChunkPlan, type HeadRounds } from './plan/chunk-plan.ts';
export type { ChunkData } from './plan/meetings.ts';
export { planSteps, sumStats, type PlanData, type PlanSizes } from './plan/plan-attention.ts';
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
export { maskAllows } from './plan/tile-mask.ts';
export { countTiles, forEachSpan, forEachTile, type Spans } from './plan/walk.ts';

// Graphs that run in host memory: an executor for a table of kernels.
export { compileGraph, type ExecutorOptions } from './host/executor.ts';
export { HostStates, type HostStateMemory, type HostStateOptions } from './host/host-state.ts';
export { withHostState } from './host/with-host-state.ts';
export type { CompleteKernelTable, Kernel, KernelCall, KernelContext, KernelTable } from './host/kernel.ts';
export type { Region } from './host/region.ts';
export { checkGraphData } from './host/node-data.ts';
export { checkRunInputs } from './host/run-inputs.ts';
export { checkRunOutputs, intoOutputs } from './host/run-outputs.ts';
export { planMemory, type MemoryPlan } from './host/memory.ts';
export { blockShape, rowBlocks, type RowBlocks } from './host/row-blocks.ts';
export { argsort } from './host/kernels/argsort.ts';
export { byExpert, type ExpertRows } from './host/kernels/by-expert.ts';
export { inChunks } from './host/kernels/chunks.ts';
export { moveKernels } from './host/kernels/move.ts';
export { quantizedEmbedding } from './host/kernels/quantized-embedding.ts';
export { forEachRow } from './host/kernels/rows.ts';
export { topK } from './host/kernels/top-k.ts';
export { greatestOf, quantizeRow } from './quantize/activations.ts';
export {
  blockBytes,
  blocksOf,
  codeAt,
  CodeReader,
  codesShape,
  middleOf,
  rowBlock,
  scalesShape,
  zeroPointsShape,
  type CodeArrays,
} from './quantize/codes.ts';
export { nearestHalf } from './quantize/halves.ts';
export { halfFormat, HalfWriter } from './quantize/half-writer.ts';
export { CodeWriter } from './quantize/quantize-matrix.ts';

// Long work: in small steps, one after another, with progress, until it is aborted.
export { createPause, eventLoopTurn, type Pause } from './async/pause.ts';
export { RunQueue } from './async/run-queue.ts';
export { untilAborted } from './async/until-aborted.ts';
export { notify } from './async/notify.ts';
export { withCallbacks } from './async/callbacks.ts';
export { throttleProgress } from './async/progress.ts';
export { finishPolitely } from './async/steps.ts';
export { clock, onHostTimers, type Timer } from './async/clock.ts';

// Predictions of time: how fast the machine is.
export { leastTime, repeatFor, type LeastTimeOptions } from './choose/least-time.ts';
export { isPlausible, plausible } from './choose/plausible.ts';
export { workClock } from './choose/work-clock.ts';

// Systems: their options, for tools.
export type { LshOptions } from './systems/reformer/lsh.ts';
export {
  LINFORMER_PROJECTIONS,
  type LinformerInputs,
  type LinformerOptions,
} from './systems/linformer/options.ts';

// Releasing: `dispose()` and `await using`.
export type { WithAsyncDispose } from './util/disposable.ts';

// Tools.
export { debug, debugLevel } from './util/debug.ts';
export { LruMap } from './util/lru.ts';
export { builtin, nodeProcess } from './util/runtime.ts';
export { mulberry32 } from './util/mulberry32.ts';
export { recordOf } from './util/record-of.ts';
export { textLines, type TextLine } from './util/text-lines.ts';
