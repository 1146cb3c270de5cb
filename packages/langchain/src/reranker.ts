/** A cross-encoder as LangChain's `BaseDocumentCompressor`. */
import {
  aFunction,
  anObject,
  checkArgument,
  checkOptions,
  integer,
  listOf,
  required,
  type OptionKinds,
} from '@attn/core/backend';
import type { Pipeline, TextRankingOptions } from '@attn/models';
import { Document, type DocumentInterface } from '@langchain/core/documents';
import { BaseDocumentCompressor } from '@langchain/core/retrievers/document_compressors';
import { checkCall, copyOf, type CallOptions } from './options.ts';

/** Options of `LoadedModel.rank` that change scores, and how they are computed. */
export type RerankOptions = Omit<TextRankingOptions, 'top_k' | 'return_documents' | 'signal'>;

/** How documents are reranked. */
export interface RerankerOptions {
  /** How many documents are kept, the best first. Default: all. */
  readonly topN?: number;
  /** Names and values are checked by each call. */
  readonly call?: RerankOptions;
}

/** Parameters of `AttnReranker`. */
export interface AttnRerankerParams extends RerankerOptions {
  /** A pipeline of a cross-encoder of one label. */
  readonly pipeline: Pipeline<'text-ranking'>;
}

const WHERE = 'langchain/AttnReranker';

const PARAMS: OptionKinds<AttnRerankerParams> = {
  pipeline: required(aFunction),
  topN: integer(1),
  call: anObject,
};

const documentList = listOf(
  {
    expected: 'a document',
    test: (value) => typeof (value as DocumentInterface | null)?.pageContent === 'string',
  },
  'a list of documents',
);

/**
 * LangChain's document compressor by a cross-encoder of `@attn/models`: it sorts documents by how well they
 * fit a query. Scores are those of `LoadedModel.rank`: pairs that are too long are cut, with a warning.
 *
 * @example
 * const classify = await pipeline('text-classification', 'cross-encoder/ms-marco-MiniLM-L6-v2');
 * const reranker = new AttnReranker({ pipeline: classify, topN: 3 });
 * const [best] = await reranker.compressDocuments(documents, 'Who narrates?');
 * console.log(best.pageContent, best.metadata.relevanceScore);
 */
export class AttnReranker extends BaseDocumentCompressor {
  /** Its model makes the scores. */
  readonly pipeline: Pipeline<'text-ranking'>;
  private readonly topN: number | undefined;
  private readonly call: RerankOptions;

  /** Errors: `INVALID_ARGUMENT`. */
  constructor(params: AttnRerankerParams) {
    const { pipeline, topN, call } = checkOptions(WHERE, params, PARAMS, { name: 'params' });
    const options = copyOf(WHERE, 'call', call);
    super();
    this.pipeline = pipeline;
    this.topN = topN;
    this.call = options;
  }

  /**
   * The best documents, with their scores as `relevanceScore` in copies of their metadata. Errors:
   * `INVALID_ARGUMENT`, `UNSUPPORTED` (a model of several labels), `ABORTED`, those of the backends.
   *
   * @example
   * const best = await reranker.compressDocuments(documents, 'Who narrates?', undefined, { signal });
   */
  override async compressDocuments(
    documents: DocumentInterface[],
    query: string,
    _callbacks?: Parameters<BaseDocumentCompressor['compressDocuments']>[2],
    options: CallOptions = {},
  ): Promise<DocumentInterface[]> {
    const checked = checkCall(WHERE, options);
    checkArgument(WHERE, 'documents', documents, documentList);
    const ranked = await this.pipeline(
      query,
      documents.map(({ pageContent }) => pageContent),
      { ...this.call, ...(this.topN !== undefined && { top_k: this.topN }), ...checked },
    );
    return ranked.map(({ corpus_id: index, score }) => {
      const { pageContent, metadata, id } = documents[index];
      return new Document({ pageContent, id, metadata: { ...metadata, relevanceScore: score } });
    });
  }

  /** Releases the pipeline. */
  dispose(): Promise<void> {
    return this.pipeline.dispose();
  }

  /** Calls `dispose()`; `await using` calls it. */
  [Symbol.asyncDispose](): Promise<void> {
    return this.dispose();
  }
}
