/** Vectors of texts as LangChain's `Embeddings`. */
import { aFunction, anObject, checkOptions, required, type OptionKinds } from '@attn/core/backend';
import { textVectors, type Pipeline, type TextVectorsOptions } from '@attn/models';
import { Embeddings } from '@langchain/core/embeddings';
import { checkCall, copyOf, type CallOptions } from './options.ts';

/** Options of `feature-extraction` that change vectors, and how they are computed. */
export type EmbedOptions = Omit<TextVectorsOptions, 'signal'>;

/** How vectors are computed. Names and values are checked by each call. */
export interface EmbeddingsOptions {
  /** For queries and documents. */
  readonly call?: EmbedOptions;
  /** For queries, over `call`. Default: `{ as: 'query' }`, the prompt that the folder has for queries. */
  readonly query?: EmbedOptions;
  /** For documents, over `call`. Default: `{ as: 'document' }`. */
  readonly document?: EmbedOptions;
}

/** Parameters of `AttnEmbeddings`. */
export interface AttnEmbeddingsParams extends EmbeddingsOptions {
  readonly pipeline: Pipeline<'feature-extraction'>;
}

const WHERE = 'langchain/AttnEmbeddings';

const PARAMS: OptionKinds<AttnEmbeddingsParams> = {
  pipeline: required(aFunction),
  call: anObject,
  query: anObject,
  document: anObject,
};

/**
 * LangChain's `Embeddings` by a pipeline of `@attn/models`. Vectors are as the files of a folder of
 * sentence-transformers say, else the mean of all tokens; texts may have any length. Nothing is tried again:
 * what fails here fails again.
 *
 * @example
 * const extract = await pipeline('feature-extraction', 'sentence-transformers/all-MiniLM-L6-v2');
 * const embeddings = new AttnEmbeddings({ pipeline: extract, call: { normalize: true } });
 * const vector = await embeddings.embedQuery('Who narrates?');
 */
export class AttnEmbeddings extends Embeddings {
  /** Makes the vectors. */
  readonly pipeline: Pipeline<'feature-extraction'>;
  private readonly query: EmbedOptions;
  private readonly document: EmbedOptions;

  /** Errors: `INVALID_ARGUMENT`. */
  constructor(params: AttnEmbeddingsParams) {
    const { pipeline, call, query, document } = checkOptions(WHERE, params, PARAMS, { name: 'params' });
    const both = copyOf(WHERE, 'call', call);
    super({});
    this.pipeline = pipeline;
    this.query = { as: 'query', ...both, ...copyOf(WHERE, 'query', query) };
    this.document = { as: 'document', ...both, ...copyOf(WHERE, 'document', document) };
  }

  /**
   * A vector for each document, in their order. Errors: `INVALID_ARGUMENT`, `ABORTED`, those of the backends.
   *
   * @example
   * const [vector] = await embeddings.embedDocuments(['Call me Ishmael.'], { signal });
   */
  override async embedDocuments(documents: string[], options: CallOptions = {}): Promise<number[][]> {
    const checked = checkCall(WHERE, options);
    const { vectors } = await textVectors(this.pipeline, documents, { ...this.document, ...checked });
    return vectors;
  }

  /**
   * The vector of a query. Errors: `INVALID_ARGUMENT`, `ABORTED`, those of the backends.
   *
   * @example
   * const vector = await embeddings.embedQuery('Who narrates?');
   */
  override async embedQuery(query: string, options: CallOptions = {}): Promise<number[]> {
    const checked = checkCall(WHERE, options);
    const { vectors } = await textVectors(this.pipeline, [query], { ...this.query, ...checked });
    return vectors[0];
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
