/** Opens the classes of this package, with whichever `pipeline` the host has. */
import { anything, checkOptions, integer } from '@attn/core/backend';
import type { AnyPipeline, LoadedModel, ModelSource, Pipeline } from '@attn/models';
import { AttnEmbeddings, type EmbeddingsOptions } from './embeddings.ts';
import { AttnReranker, type RerankerOptions } from './reranker.ts';

/** A source of `loadModel`, a model that is loaded, or a pipeline, for its model. */
export type OpenSource = ModelSource | LoadedModel | AnyPipeline;

/** How a model is loaded. */
export interface Loading<Load> {
  /** Options of `loadModel`. A model that is loaded takes none. */
  readonly load?: Load;
}

/** `pipeline` of `@attn/models`, or of `@attn/models/node`. */
type OpenPipeline<Load> = <N extends 'feature-extraction' | 'text-ranking'>(
  task: N,
  source: OpenSource,
  load?: Load,
) => Promise<Pipeline<N>>;

const OBJECTS = { load: anything, call: anything };

/** Implements `loadEmbeddings`. */
export async function openEmbeddings<Load>(
  pipeline: OpenPipeline<Load>,
  source: OpenSource,
  options: EmbeddingsOptions & Loading<Load>,
): Promise<AttnEmbeddings> {
  const kinds = { ...OBJECTS, query: anything, document: anything };
  const { load, ...rest } = checkOptions('langchain/loadEmbeddings', options, kinds);
  return new AttnEmbeddings({ ...rest, pipeline: await pipeline('feature-extraction', source, load) });
}

/** Implements `loadReranker`. */
export async function openReranker<Load>(
  pipeline: OpenPipeline<Load>,
  source: OpenSource,
  options: RerankerOptions & Loading<Load>,
): Promise<AttnReranker> {
  const kinds = { ...OBJECTS, topN: integer(1) };
  const { load, ...rest } = checkOptions('langchain/loadReranker', options, kinds);
  return new AttnReranker({ ...rest, pipeline: await pipeline('text-ranking', source, load) });
}
