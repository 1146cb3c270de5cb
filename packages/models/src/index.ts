/**
 * @attn/models: whole models from people's checkpoints, as graphs that every backend runs.
 *
 * To read on: `model.ts` says what a model is, `longformer/` is one, `checkpoint/` reads weights.
 */
export type {
  CachedDecoding,
  BestShape,
  DecoderRules,
  EncodeCall,
  EncodedTexts,
  FamilyOptions,
  FixedCall,
  GenerationRules,
  Model,
  ModelCall,
  ModelFamily,
  StepShape,
  StepTokens,
  TokenBatch,
  VectorBatch,
} from './model.ts';
export type {
  Checkpoint,
  ReadCodesOptions,
  StoredCodes,
  StoredSpec,
  WeightsSource,
} from './checkpoint/checkpoint.ts';
export type {
  Activations,
  LoadDtype,
  LoadedForms,
  WeightDtype,
  WeightForm,
  WeightForms,
} from './checkpoint/weight-dtype.ts';
export { quantizeCheckpoint, type QuantizeCheckpointOptions } from './quantize-checkpoint.ts';
export { memoryCheckpoint } from './checkpoint/memory.ts';
export { randomCheckpoint, type RandomOptions } from './checkpoint/random.ts';
export { BART_PRESETS } from './bart/presets.ts';
export { BIGBIRD_PRESETS } from './bigbird/presets.ts';
export { LED_PRESETS } from './led/presets.ts';
export { LONGFORMER_PRESETS } from './longformer/presets.ts';
export { MODERNBERT_PRESETS } from './modernbert/presets.ts';
export { PRIVACY_FILTER_PRESETS } from './privacy-filter/presets.ts';
export { REFORMER_PRESETS } from './reformer/presets.ts';
export { GEMMA_EMBEDDING_PRESETS } from './gemma/presets.ts';
export { PRESETS } from './presets.ts';
export { QWEN3_PRESETS } from './qwen3/presets.ts';
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
export { ledFamily } from './led/index.ts';
// Not by way of the family, which loads nothing of BART.
export { toLed, type ToLedOptions } from './led/to-led.ts';
export { bartFamily } from './bart/index.ts';
export type { EncoderDecoder, Seq2SeqCallOptions } from './seq2seq/model.ts';
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
export { FAMILIES, findFamily, type LazyFamily } from './families.ts';
export {
  modernBertFamily,
  type LayerKind,
  type ModernBertArchitecture,
  type ModernBertConfig,
} from './modernbert/index.ts';
export type { EncoderCallOptions, EncoderModel } from './encoder/encoder-model.ts';
export {
  bertFamily,
  type BertConfig,
  type BertPositions,
  type BertTask,
  type BertType,
} from './bert/index.ts';
export { BERT_PRESETS } from './bert/presets.ts';
export { jinaFamily } from './jina/index.ts';
export { nomicFamily } from './nomic/index.ts';
export { NOMIC_PRESETS } from './nomic/presets.ts';
export { gemmaEmbeddingFamily } from './gemma/index.ts';
export { qwen3Family } from './qwen3/index.ts';
export {
  bigBirdFamily,
  type BigBirdArchitecture,
  type BigBirdBlocks,
  type BigBirdConfig,
} from './bigbird/index.ts';
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
export type { FileStore, StorePlace, TensorFile, TensorFormat, TensorSpec } from './files/file-store.ts';
export { urlStore, type UrlMap } from './files/url-store.ts';
export { blobStore, type DirectoryHandle, type PickedFiles } from './files/blob-store.ts';
export type { ModelSource } from './files/source.ts';
export { loadTokenizer, openModel, type OpenModelOptions, type RequestOptions } from './open-model.ts';
export type { HubRequestOptions } from './hub/hub-options.ts';
export type { DownloadProgress } from './hub/copies.ts';
export { clearCached, isCached, listCached, type IsCachedOptions } from './cache.ts';
export type { CachedModel } from './hub/cached-model.ts';
export { openCheckpoint } from './files/open-checkpoint.ts';
export { loadFrom, loadModel, pipeline, type WebLoadOptions } from './load.ts';
export type { LoadOptions } from './load-options.ts';
export { TASK_NAMES, type TaskAliases, type TaskName, type TaskOf, type Tasks } from './tasks/names.ts';
export type { AnyPipeline } from './tasks/open-pipeline.ts';
export type { Pipeline, PipelineMembers, PipelineName } from './tasks/pipeline.ts';
export type { Settled } from './encode/settle.ts';
export type { TaskOptions } from './tasks/task-options.ts';
export type { TextPair } from './tasks/text-input.ts';
export type { QuestionInput } from './tasks/question-answering/input.ts';
export type {
  AnswerQuestions,
  QuestionAnswer,
  QuestionAnsweringOptions,
  TopAnswers,
} from './tasks/question-answering/options.ts';
export type { SingleText } from './tasks/single-text.ts';
export type { FilledMask, FilledMasks, FillMaskOptions, FillMasks } from './tasks/fill-mask.ts';
export type {
  ClassifyZeroShot,
  LabelledText,
  ZeroShotAnswer,
  ZeroShotOptions,
} from './tasks/zero-shot-classification.ts';
export type { RankedText, RankingInput, RankTexts, TextRankingOptions } from './tasks/text-ranking.ts';
export type { GenerationTaskOptions } from './tasks/generation-options.ts';
export type { GeneratedText, GenerateTexts, TextGenerationOptions } from './tasks/text-generation.ts';
export type { AnswerTexts, Text2TextOptions } from './tasks/text2text-generation.ts';
export type { SummarizationOptions, SummarizeTexts, Summary } from './tasks/summarization.ts';
export type { TextToText } from './tasks/text-to-text.ts';
export type { ScoreFunction } from './tasks/labels.ts';
export type { Features, FeatureData, FeatureType } from './tasks/features.ts';
export type {
  ExtractFeatures,
  FeatureExtractionOptions,
  FeaturePooling,
} from './tasks/feature-extraction.ts';
export type {
  CompareSentences,
  SentenceComparison,
  SentenceSimilarityOptions,
  SimilarityPair,
} from './tasks/sentence-similarity.ts';
export { textVectors, type TextVectors, type TextVectorsOptions } from './tasks/text-vectors.ts';
export type { TextVectorOptions } from './tasks/encode-texts.ts';
export type { ClassifyTexts, LabelScore, TextClassificationOptions } from './tasks/text-classification.ts';
export type {
  AggregationStrategy,
  ClassifyTokens,
  EntitiesOf,
  Entity,
  EntityGroup,
  TokenClassificationOptions,
  TokenEntity,
  TokenText,
} from './tasks/token-classification/index.ts';
export type { ForeignTensor, IntegerArray, IntegerList, Integers, Mask } from './inputs/entries.ts';
export type { GraphOutputs, ModelRunOptions, ModelRuns } from './graph/model-runs.ts';
export { LoadedModel } from './loaded-model.ts';
export type { Ability } from './loaded/abilities.ts';
export type { ModelsFor } from './loaded/models-for.ts';
export { Encoder } from './loaded/encoder.ts';
export { SparseEncoder } from './loaded/sparse-encoder.ts';
export { PairScorer } from './loaded/pair-scorer.ts';
export { TextGenerator } from './loaded/text-generator.ts';
export type { ChunkEmbeddings, Embeddings, EncodeFacts, TokenStates } from './encode/encode.ts';
export type { EncodeOptions, EncodeProgress, TextRunOptions } from './encode/options.ts';
export type {
  EncodeManyOptions,
  EncodeManyProgress,
  Keyed,
  KeyedText,
  ManyInput,
  ManyResult,
  TextKey,
} from './encode/many-options.ts';
export type { EncodeSparseOptions, SparseEmbeddings } from './encode/encode-sparse.ts';
export type { PairInput, PairScores, PredictOptions, RankedDocument, RankOptions } from './encode/predict.ts';
export type { TextChunk, TextChunks } from './encode/chunks.ts';
export type { EncodeInput } from './encode/inputs.ts';
export type { TokenizedPair, TokenizeOptions } from './encode/tokenize-inputs.ts';
export type {
  Generated,
  GeneratedSequence,
  GenerateOptions,
  Prompt,
  SearchOptions,
} from './generate/options.ts';
export type { Pooling, PoolingMode } from './sentence/pooling.ts';
export type { PromptChoice, Prompts, TextRole } from './sentence/prompts.ts';
export {
  quantizeEmbeddings,
  rangesOf,
  type Precision,
  type QuantizedEmbeddings,
  type QuantizeOptions,
} from './sentence/quantize.ts';
export type {
  Cutting,
  FolderSettings,
  ScoreActivation,
  ScoringSettings,
  SentenceSettings,
  SparsePipeline,
  VectorPipeline,
} from './sentence/settings.ts';
export { maxSim, similarity, type ComparedVectors, type Similarity } from './sentence/similarity.ts';
export type { SparseVector } from './sentence/sparse-vector.ts';
export type { SpladePooling } from './sentence/splade.ts';
export type {
  DenseActivation,
  DenseModule,
  LayerNormModule,
  NormalizeModule,
  VectorModule,
} from './sentence/vector-modules.ts';
export type { TextInput, TextTokenizer, TokenizedInput, TokenizedText } from './tokenizer.ts';
