/**
 * @attn/models: whole models from people's checkpoints, as graphs that every backend runs.
 *
 * To read on: `model.ts` says what a model is, `longformer/` is one, `checkpoint/` reads weights.
 */
export type {
  FamilyOptions,
  FixedCall,
  GenerationRules,
  Model,
  ModelCall,
  ModelFamily,
  TokenBatch,
  VectorBatch,
} from './model.ts';
export type { Checkpoint, StoredSpec, WeightsSource } from './checkpoint/checkpoint.ts';
export { memoryCheckpoint } from './checkpoint/memory.ts';
export { randomCheckpoint, type RandomOptions } from './checkpoint/random.ts';
export { LONGFORMER_PRESETS } from './longformer/presets.ts';
export { PRIVACY_FILTER_PRESETS } from './privacy-filter/presets.ts';
export { REFORMER_PRESETS } from './reformer/presets.ts';
export type { ReadOptions, ReadProgress } from './checkpoint/read-weights.ts';

export {
  longformerFamily,
  Longformer,
  toLongformer,
  type ToLongformerOptions,
  type LayerWindow,
  type LongformerArchitecture,
  type LongformerCallOptions,
  type LongformerConfig,
} from './longformer/index.ts';
export {
  reformerFamily,
  Reformer,
  type Chunks,
  type ReformerArchitecture,
  type ReformerCallOptions,
  type ReformerConfig,
  type ReformerLayer,
  type ReformerPositions,
} from './reformer/index.ts';
export { byteTokenizer } from './byte-tokenizer.ts';
export {
  linformerFamily,
  Linformer,
  type FairseqArchitecture,
  type FairseqConfig,
  type LinformerConfig,
  type LucidrainsArchitecture,
  type LucidrainsConfig,
} from './linformer/index.ts';
export {
  privacyFilterFamily,
  PrivacyFilter,
  type PrivacyFilterArchitecture,
  type PrivacyFilterConfig,
} from './privacy-filter/index.ts';
export { viterbi, type TransitionBiases, type ViterbiOptions, type ViterbiPaths } from './spans/viterbi.ts';
export { decodeSpans, type TokenSpan } from './spans/decode-spans.ts';
export { spansInText, type TextSpan } from './spans/spans-in-text.ts';
export { readCalibration } from './spans/calibration.ts';
export { FAMILIES } from './families.ts';
export type { FileStore, TensorFile, TensorFormat, TensorSpec } from './files/file-store.ts';
export { urlStore, type UrlMap } from './files/url-store.ts';
export { blobStore, type DirectoryHandle, type PickedFiles } from './files/blob-store.ts';
export type { ModelSource } from './files/source.ts';
export { loadTokenizer, openModel, type OpenModelOptions, type RequestOptions } from './open-model.ts';
export type { HubRequestOptions } from './hub/hub-options.ts';
export type { DownloadProgress } from './hub/copies.ts';
export { clearCached, isCached, listCached, type IsCachedOptions } from './cache.ts';
export type { CachedModel } from './hub/cached-model.ts';
export { openCheckpoint } from './files/open-checkpoint.ts';
export { loadFrom, loadModel, type LoadOptions, type WebLoadOptions } from './load.ts';
export type { ForeignTensor, IntegerArray, IntegerList, Integers, Mask } from './inputs/entries.ts';
export { LoadedModel, type ModelRunOptions } from './loaded-model.ts';
export type { Embeddings, EncodeOptions, EncodeProgress, TokenStates } from './encode/encode.ts';
export type { EncodeInput } from './encode/inputs.ts';
export type { Generated, GenerateOptions, Prompt } from './generate/generate.ts';
export type { Pooling } from './encode/gather-states.ts';
export type { TextInput, TextTokenizer, TokenizedText } from './tokenizer.ts';
