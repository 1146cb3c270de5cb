/**
 * @attn/langchain: models of `@attn/models` as embeddings and a reranker of LangChain. In Node models are
 * also folders and ids of the Hugging Face hub, whose files are kept on disk (this file); elsewhere see
 * `index.web.ts`. The conditions in package.json choose.
 *
 * To read on: `embeddings.ts` and `reranker.ts` are what LangChain calls.
 */
import { pipeline, type NodeLoadOptions } from '@attn/models/node';
import type { AttnEmbeddings, EmbeddingsOptions } from './embeddings.ts';
import { openEmbeddings, openReranker, type Loading, type OpenSource } from './open.ts';
import type { AttnReranker, RerankerOptions } from './reranker.ts';

export {
  AttnEmbeddings,
  type AttnEmbeddingsParams,
  type EmbeddingsOptions,
  type EmbedOptions,
} from './embeddings.ts';
export type { Loading, OpenSource } from './open.ts';
export type { CallOptions } from './options.ts';
export {
  AttnReranker,
  type AttnRerankerParams,
  type RerankerOptions,
  type RerankOptions,
} from './reranker.ts';

/**
 * Opens a model as LangChain's `Embeddings`.
 *
 * Errors: `INVALID_ARGUMENT`, `UNSUPPORTED` (a model that makes no vectors), and those of `pipeline`.
 *
 * @example
 * const embeddings = await loadEmbeddings('sentence-transformers/all-MiniLM-L6-v2');
 * const store = await MemoryVectorStore.fromTexts(['Call me Ishmael.'], [{}], embeddings);
 */
export async function loadEmbeddings(
  source: OpenSource,
  options: EmbeddingsOptions & Loading<NodeLoadOptions> = {},
): Promise<AttnEmbeddings> {
  return openEmbeddings(pipeline, source, options);
}

/**
 * Opens a cross-encoder as LangChain's document compressor.
 *
 * Errors: `INVALID_ARGUMENT`, `UNSUPPORTED` (a model that classifies no texts), and those of `pipeline`.
 *
 * @example
 * const reranker = await loadReranker('cross-encoder/ms-marco-MiniLM-L6-v2', { topN: 3 });
 * const best = await reranker.compressDocuments(documents, 'Who narrates?');
 */
export async function loadReranker(
  source: OpenSource,
  options: RerankerOptions & Loading<NodeLoadOptions> = {},
): Promise<AttnReranker> {
  return openReranker(pipeline, source, options);
}
