/** A reranking model of the AI SDK (its specification v4), by `text-ranking` of `@attn/models`. */
import { AttnError } from '@attn/core';
import { show } from '@attn/core/backend';
import type { Pipeline } from '@attn/models';
import { runCall, type CallParts, type ModelWarning, type RerankOptions } from './options.ts';

/** The documents of a call: texts, or objects, which are read as JSON. */
export interface RerankDocuments {
  readonly type: 'text' | 'object';
  readonly values: readonly unknown[];
}

/** What `rerank` passes. */
export interface RerankCall extends CallParts {
  readonly documents: RerankDocuments;
  readonly query: string;
  readonly topN?: number | undefined;
}

/** Places of documents in the list of the call, the best first. */
export interface RerankResult {
  readonly ranking: { readonly index: number; readonly relevanceScore: number }[];
  readonly warnings: ModelWarning[];
}

/** A `RerankingModelV4` of the AI SDK. */
export interface AttnRerankingModel extends AsyncDisposable {
  readonly specificationVersion: 'v4';
  readonly provider: 'attn';
  readonly modelId: string;
  /** What `rerank` calls. */
  doRerank(call: RerankCall): Promise<RerankResult>;
  /** Releases what was loaded for it. A model or a pipeline that was passed stays as it is. */
  dispose(): Promise<void>;
}

const AS_JSON: ModelWarning = {
  type: 'compatibility',
  feature: 'object documents',
  details: 'Documents that are objects are read as JSON.',
};

/** The reranking model of a pipeline's model. */
export function rerankingModelOf(
  rank: Pipeline<'text-ranking'>,
  modelId: string,
  own: RerankOptions | undefined,
): AttnRerankingModel {
  return {
    specificationVersion: 'v4',
    provider: 'attn',
    modelId,
    async doRerank(call) {
      const { documents, query, topN } = call;
      const texts = textsOf(documents);
      const warnings: ModelWarning[] = documents.type === 'object' ? [AS_JSON] : [];
      const onWarning = (message: string): void => void warnings.push({ type: 'other', message });
      const ranked = await runCall(own, call, (options) =>
        rank(query, texts, { ...options, onWarning, ...(topN !== undefined && { top_k: topN }) }),
      );
      return {
        ranking: ranked.map(({ corpus_id: index, score }) => ({ index, relevanceScore: score })),
        warnings,
      };
    },
    dispose: () => rank.dispose(),
    [Symbol.asyncDispose]: () => rank.dispose(),
  };
}

/** The texts of documents. Errors: `INVALID_ARGUMENT`; the pipeline checks texts. */
function textsOf({ type, values }: RerankDocuments): readonly string[] {
  if (type === 'text') return values as readonly string[];
  if (type === 'object' && Array.isArray(values)) return values.map((value) => JSON.stringify(value));
  const message = `documents must be texts or a list of objects, got ${show(values)} of type ${show(type)}`;
  throw new AttnError('INVALID_ARGUMENT', 'ai-sdk/rerank', message);
}
