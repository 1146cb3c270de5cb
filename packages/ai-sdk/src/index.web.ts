/**
 * The main entry of @attn/ai-sdk outside of Node, where models are at URLs, picked by the user, or of the
 * hub. Its types are those of `index.ts`, so that one program type-checks for both.
 */
import { pipeline } from '@attn/models';
import type { embeddingModel as EmbeddingModel, rerankingModel as RerankingModel } from './index.ts';
import { openEmbeddingModel, openRerankingModel } from './open.ts';

/** Opens a model for `embed` and `embedMany` of the AI SDK, as in `index.ts`. */
export const embeddingModel: typeof EmbeddingModel = async (source, options = {}) =>
  openEmbeddingModel(pipeline, source, options);

/** Opens a cross-encoder for `rerank` of the AI SDK, as in `index.ts`. */
export const rerankingModel: typeof RerankingModel = async (source, options = {}) =>
  openRerankingModel(pipeline, source, options);
