/** An embedding model of the AI SDK (its specification v4), by a pipeline of `@attn/models`. */
import { textVectors, type Pipeline } from '@attn/models';
import { runCall, type CallParts, type EmbedOptions } from './options.ts';

/** What `embed` and `embedMany` pass. */
export interface EmbedCall extends CallParts {
  readonly values: readonly string[];
  readonly dimensions?: number | undefined;
}

/** Vectors, in the order of the values. */
export interface EmbedResult {
  readonly embeddings: number[][];
  readonly usage: { readonly tokens: number };
  /** Always empty: long texts are read as a whole, unless the caller says `truncation`. */
  readonly warnings: never[];
}

/** An `EmbeddingModelV4` of the AI SDK. */
export interface AttnEmbeddingModel extends AsyncDisposable {
  readonly specificationVersion: 'v4';
  readonly provider: 'attn';
  readonly modelId: string;
  /** A call takes any number of texts, and makes batches of them. */
  readonly maxEmbeddingsPerCall: number;
  readonly supportsParallelCalls: boolean;
  /** What `embed` and `embedMany` call. */
  doEmbed(call: EmbedCall): Promise<EmbedResult>;
  /** Releases what was loaded for it. A model or a pipeline that was passed stays as it is. */
  dispose(): Promise<void>;
}

/** The embedding model of a pipeline. */
export function embeddingModelOf(
  extract: Pipeline<'feature-extraction'>,
  modelId: string,
  own: EmbedOptions | undefined,
): AttnEmbeddingModel {
  return {
    specificationVersion: 'v4',
    provider: 'attn',
    modelId,
    maxEmbeddingsPerCall: Infinity,
    supportsParallelCalls: false,
    async doEmbed(call) {
      const { values, dimensions } = call;
      const { vectors, tokens } = await runCall(own, call, (options) =>
        textVectors(extract, values, { ...options, ...(dimensions !== undefined && { dimensions }) }),
      );
      return { embeddings: vectors, usage: { tokens }, warnings: [] };
    },
    dispose: () => extract.dispose(),
    [Symbol.asyncDispose]: () => extract.dispose(),
  };
}
