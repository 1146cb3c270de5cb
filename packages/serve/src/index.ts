/**
 * @attn/serve: an HTTP server for a model of `@attn/models`, with the embeddings of OpenAI's API, reranking
 * as Jina and Cohere have it, tokens, health and metrics.
 *
 * To read on: `server.ts` has limits and errors, `routes/` the routes, `batcher.ts` what runs together.
 */
import { AttnError } from '@attn/core';
import { aString, checkOptions, integer, show, type OptionKinds } from '@attn/core/backend';
import type { FastifyInstance } from 'fastify';
import { readSettings, type ServeOptions } from './options.ts';
import { buildApp } from './server.ts';
import { checkServable, type ServableModel } from './served-model.ts';

export type { ServeOptions } from './options.ts';
export type { ServableModel } from './served-model.ts';

/** Where a server listens. */
export interface ListenOptions {
  /** Default 8080; 0 for any that is free. */
  readonly port?: number;
  /** Default `127.0.0.1`: programs of this machine alone. `0.0.0.0` is for all. */
  readonly host?: string;
}

/** A server of a model. */
export interface ModelServer {
  /** The Fastify instance, for routes and hooks of your own, or to mount it. */
  readonly app: FastifyInstance;
  /**
   * Begins to listen. Returns the address, such as `http://127.0.0.1:8080`. Errors: `INVALID_ARGUMENT`, also
   * for a port that is taken.
   */
  listen(options?: ListenOptions): Promise<string>;
  /**
   * Stops listening, answers what has arrived, and ends. The model is the caller's: it is not disposed.
   */
  close(): Promise<void>;
  /** Calls `close()`; `await using` calls it. */
  [Symbol.asyncDispose](): Promise<void>;
}

const WHERE = 'serve/createServer';

const LISTEN: OptionKinds<ListenOptions> = { port: integer(0, 65_535), host: aString };

/**
 * Makes a server of a model. An `Encoder` answers `/v1/embeddings` and `/v1/rerank` (by the similarity of
 * vectors), a `PairScorer` `/v1/rerank`. The server runs one batch at a time, or one in each worker of a
 * model that was loaded with `workers`.
 *
 * Errors: `INVALID_ARGUMENT`, `UNSUPPORTED` (a model that is neither), `MISSING_INPUT` (no tokenizer).
 *
 * @example
 * const model = await loadModel('sentence-transformers/all-MiniLM-L6-v2', { attn, for: 'encode' });
 * await using server = createServer(model, { name: 'all-MiniLM-L6-v2' });
 * console.log(await server.listen({ port: 8080 }));
 */
export function createServer(model: ServableModel, options: ServeOptions = {}): ModelServer {
  const servable = checkServable(WHERE, model);
  const app = buildApp(servable, readSettings(WHERE, options));
  const close = async (): Promise<void> => app.close();
  return {
    app,
    listen: async (listening = {}) => {
      const { port = 8080, host = '127.0.0.1' } = checkOptions('serve/listen', listening, LISTEN);
      return app.listen({ port, host }).catch((cause: unknown) => {
        const reason = cause instanceof Error ? cause.message : String(cause);
        const message = `could not listen at host ${show(host)} and port ${port}: ${reason}`;
        throw new AttnError('INVALID_ARGUMENT', 'serve/listen', message, { cause });
      });
    },
    close,
    [Symbol.asyncDispose]: close,
  };
}
