/**
 * The main entry of @attn/langchain outside of Node, where models are at URLs, picked by the user, or of the
 * hub. Its types are those of `index.ts`, so that one program type-checks for both.
 */
import { pipeline } from '@attn/models';
import type { loadEmbeddings as LoadEmbeddings, loadReranker as LoadReranker } from './index.ts';
import { openEmbeddings, openReranker } from './open.ts';

export { AttnEmbeddings } from './embeddings.ts';
export { AttnReranker } from './reranker.ts';

/** Opens a model as LangChain's `Embeddings`, as in `index.ts`. */
export const loadEmbeddings: typeof LoadEmbeddings = async (source, options = {}) =>
  openEmbeddings(pipeline, source, options);

/** Opens a cross-encoder as LangChain's document compressor, as in `index.ts`. */
export const loadReranker: typeof LoadReranker = async (source, options = {}) =>
  openReranker(pipeline, source, options);
