/** Opens the models of this package, with whichever `pipeline` the host has. */
import {
  textVectors,
  type AnyPipeline,
  type LoadedModel,
  type ModelSource,
  type Pipeline,
} from '@attn/models';
import { embeddingModelOf, type AttnEmbeddingModel } from './embedding-model.ts';
import { checkModelOptions, type EmbedOptions, type ModelOptions, type RerankOptions } from './options.ts';
import { rerankingModelOf, type AttnRerankingModel } from './reranking-model.ts';

/** A source of `loadModel`, a model that is loaded, or a pipeline, for its model. */
export type OpenSource = ModelSource | LoadedModel | AnyPipeline;

/** `pipeline` of `@attn/models`, or of `@attn/models/node`. */
type OpenPipeline<Load> = <N extends 'feature-extraction' | 'text-ranking'>(
  task: N,
  source: OpenSource,
  load?: Load,
) => Promise<Pipeline<N>>;

/** Implements `embeddingModel`. */
export async function openEmbeddingModel<Load>(
  pipeline: OpenPipeline<Load>,
  source: OpenSource,
  options: ModelOptions<Load, EmbedOptions>,
): Promise<AttnEmbeddingModel> {
  const { load, call, modelId } = checkModelOptions('ai-sdk/embeddingModel', options);
  const extract = await pipeline('feature-extraction', source, load);
  await orRelease(extract, textVectors(extract, [], { ...call, onProgress: undefined }));
  return embeddingModelOf(extract, modelId ?? nameOf(source, extract.model), call);
}

/** Implements `rerankingModel`. */
export async function openRerankingModel<Load>(
  pipeline: OpenPipeline<Load>,
  source: OpenSource,
  options: ModelOptions<Load, RerankOptions>,
): Promise<AttnRerankingModel> {
  const { load, call, modelId } = checkModelOptions('ai-sdk/rerankingModel', options);
  const rank = await pipeline('text-ranking', source, load);
  await orRelease(rank, rank('', [], { ...call, onProgress: undefined }));
  return rerankingModelOf(rank, modelId ?? nameOf(source, rank.model), call);
}

/** A call without texts checks options. Where they are wrong, what was loaded is released. */
async function orRelease(loaded: Pick<AnyPipeline, 'dispose'>, emptyCall: Promise<unknown>): Promise<void> {
  try {
    await emptyCall;
  } catch (error) {
    await loaded.dispose();
    throw error;
  }
}

function nameOf(source: OpenSource, { network }: LoadedModel): string {
  return typeof source === 'string' ? source : network.architecture;
}
