/**
 * @attn/ai-sdk: models of `@attn/models` as an embedding model and a reranking model of the AI SDK (the
 * package `ai`). In Node models are also folders and ids of the Hugging Face hub, whose files are kept on
 * disk (this file); elsewhere see `index.web.ts`. The conditions in package.json choose.
 *
 * To read on: `embedding-model.ts` and `reranking-model.ts` are what the AI SDK calls.
 */
import { pipeline, type NodeLoadOptions } from '@attn/models/node';
import type { AttnEmbeddingModel } from './embedding-model.ts';
import { openEmbeddingModel, openRerankingModel, type OpenSource } from './open.ts';
import type { EmbedOptions, ModelOptions, RerankOptions } from './options.ts';
import type { AttnRerankingModel } from './reranking-model.ts';

export type { AttnEmbeddingModel, EmbedCall, EmbedResult } from './embedding-model.ts';
export type { OpenSource } from './open.ts';
export type { CallParts, EmbedOptions, ModelOptions, ModelWarning, RerankOptions } from './options.ts';
export type { AttnRerankingModel, RerankCall, RerankDocuments, RerankResult } from './reranking-model.ts';

/** Options of `embeddingModel`. */
export type EmbeddingModelOptions = ModelOptions<NodeLoadOptions, EmbedOptions>;

/** Options of `rerankingModel`. */
export type RerankingModelOptions = ModelOptions<NodeLoadOptions, RerankOptions>;

/**
 * Opens a model for `embed` and `embedMany` of the AI SDK. Vectors are as the files of a folder of
 * sentence-transformers say, else the mean of all tokens; texts may have any length. `providerOptions: {
 * attn: { as: 'query' } }` of a call chooses the prompt of queries. A call that is aborted fails with the
 * reason of its signal.
 *
 * Errors: `INVALID_ARGUMENT`, `UNSUPPORTED` (a model that makes no vectors), and those of `pipeline`.
 *
 * @example
 * const model = await embeddingModel('sentence-transformers/all-MiniLM-L6-v2');
 * const { embedding } = await embed({ model, value: 'Call me Ishmael.' });
 */
export async function embeddingModel(
  source: OpenSource,
  options: EmbeddingModelOptions = {},
): Promise<AttnEmbeddingModel> {
  return openEmbeddingModel(pipeline, source, options);
}

/**
 * Opens a cross-encoder for `rerank` of the AI SDK. Scores are those of `LoadedModel.rank`: pairs that are
 * too long are cut, with a warning. Documents that are objects are read as JSON, with a warning. A call that
 * is aborted fails with the reason of its signal.
 *
 * Errors: `INVALID_ARGUMENT`, `UNSUPPORTED` (a model that classifies no texts), and those of `pipeline`.
 *
 * @example
 * const model = await rerankingModel('cross-encoder/ms-marco-MiniLM-L6-v2');
 * const documents = ['Some years ago', 'Call me Ishmael.'];
 * const { rerankedDocuments } = await rerank({ model, query: 'Who narrates?', documents, topN: 1 });
 */
export async function rerankingModel(
  source: OpenSource,
  options: RerankingModelOptions = {},
): Promise<AttnRerankingModel> {
  return openRerankingModel(pipeline, source, options);
}
