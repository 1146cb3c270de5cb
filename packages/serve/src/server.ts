/** Makes the server: limits of connections and bodies, keys, errors, metrics, and the routes. */
import { once } from 'node:events';
import type { IncomingMessage } from 'node:http';
import { clock } from '@attn/core/backend';
import fastify, { type FastifyInstance } from 'fastify';
import { ApiError, rawAnswer, toApiError } from './api-error.ts';
import { keyCheck } from './api-keys.ts';
import { Batcher } from './batcher.ts';
import { createMetrics } from './metrics.ts';
import type { Settings } from './options.ts';
import { embeddingsRoute } from './routes/embeddings.ts';
import { abilitiesOf, rerankRoute } from './routes/rerank.ts';
import { tokenizeRoute } from './routes/tokenize.ts';
import type { ServableModel } from './served-model.ts';

/** Most bytes of the headers of a request. */
const MAX_HEADERS = 16_384;

/** How long a client that sends too much may go on, so that it reads the answer, in milliseconds. */
const LINGER_MS = 5_000;

/** How often a closing server looks for connections that it can close, in milliseconds. */
const CLOSING_MS = 50;

/** Makes the server of a model; it does not listen yet. */
export function buildApp(model: ServableModel, settings: Settings): FastifyInstance {
  const { maxBody, requestTimeout, answerTimeout, name, apiKeys } = settings;
  const app: FastifyInstance = fastify({
    bodyLimit: maxBody,
    requestTimeout,
    http: { maxHeaderSize: MAX_HEADERS, headersTimeout: requestTimeout, connectionsCheckingInterval: 1_000 },
    return503OnClosing: false, // the hook below answers in the shape of all other errors
    clientErrorHandler: (error, socket) => {
      if (error.code === 'ECONNRESET' || !socket.writable) return void socket.destroy();
      socket.end(rawAnswer(connectionError(error.code, requestTimeout)));
    },
    ajv: {
      customOptions: { coerceTypes: false, removeAdditional: false, allowUnionTypes: true, verbose: true },
    },
    schemaErrorFormatter: (errors) => Object.assign(new Error('wrong body'), { validation: errors }),
  });
  const rules = { ...settings, batchesAtOnce: Math.max(1, model.workers) };
  const batcher: Batcher = new Batcher(rules, {
    onBatch: (inputs, tokens, seconds) => metrics.onBatch(inputs, tokens, seconds),
  });
  const metrics = createMetrics(() => batcher.waiting);

  let isClosing = false;
  app.addHook('preClose', async () => {
    isClosing = true;
    closeConnections(app, batcher, requestTimeout);
  });
  const checkKey = apiKeys.length > 0 ? keyCheck(apiKeys) : undefined;
  app.addHook('onRequest', async (request) => {
    request.raw.socket.setTimeout(0); // a request may wait for the model
    if (isClosing) throw new ApiError(503, 'the server is going down', { code: 'closing', retryAfter: 5 });
    if (request.routeOptions.url !== '/health') checkKey?.(request.headers.authorization);
  });
  // Node then destroys a socket on which nothing moves: one whose client does not read its answer.
  app.addHook('onSend', async (request) => void request.raw.socket.setTimeout(answerTimeout));
  app.addHook('onResponse', async (request, reply) => {
    const { url = 'unknown' } = request.routeOptions;
    metrics.onRequest(url, reply.statusCode, reply.elapsedTime / 1e3);
  });
  app.addHook('onRequestAbort', async (request) => {
    metrics.onRequest(request.routeOptions.url ?? 'unknown', 499, 0);
  });
  app.setNotFoundHandler((request) => {
    throw new ApiError(404, `there is no ${request.method} ${request.url} here`, { code: 'not_found' });
  });
  app.setErrorHandler(async (error, request, reply) => {
    const answer = toApiError(error);
    if (answer.statusCode >= 500 && answer.details.code === 'internal_error')
      settings.onWarning(`[attn/serve] ${request.url}: ${messageOf(error)}`);
    if (answer.statusCode === 413) await linger(request.raw);
    const { retryAfter } = answer.details;
    if (retryAfter !== undefined) void reply.header('retry-after', retryAfter);
    return reply.status(answer.statusCode).send(answer.body());
  });

  app.get('/health', async () => ({ status: 'ok', model: name, waiting: batcher.waiting }));
  app.get('/metrics', async (_, reply) => {
    void reply.type(metrics.registry.contentType);
    return metrics.registry.metrics();
  });
  const created = Math.floor(Date.now() / 1e3);
  const card = { id: name, object: 'model', created, owned_by: 'attn', abilities: abilitiesOf(model) };
  app.get('/v1/models', async () => ({ object: 'list', data: [card] }));
  app.get<{ Params: { readonly '*': string } }>('/v1/models/*', async ({ params }) => {
    if (params['*'] === name) return card;
    throw new ApiError(404, `there is no model ${JSON.stringify(params['*'])} here`, {
      code: 'model_not_found',
    });
  });
  const service = { model, settings: { ...settings, onWarning: firstOf(settings.onWarning) }, batcher };
  embeddingsRoute(app, service);
  rerankRoute(app, service);
  tokenizeRoute(app, service);
  return app;
}

/**
 * Closes the connections of a server that is closing, which Node itself does only for those that are idle
 * already: each when it is answered, and those whose requests have not arrived in time.
 */
function closeConnections({ server }: FastifyInstance, batcher: Batcher, requestTimeout: number): void {
  const start = clock.now();
  const timer = clock.setInterval(() => {
    server.closeIdleConnections();
    if (clock.now() - start > requestTimeout && batcher.isIdle) server.closeAllConnections();
  }, CLOSING_MS);
  server.once('close', () => clock.clearInterval(timer));
}

/** Why a request could not be read. */
function connectionError(code: string | undefined, requestTimeout: number): ApiError {
  if (code === 'ERR_HTTP_REQUEST_TIMEOUT') {
    const message = `the request did not arrive within ${requestTimeout} ms`;
    return new ApiError(408, message, { code: 'request_timeout' });
  }
  if (code === 'HPE_HEADER_OVERFLOW') {
    const message = `the headers are more than ${MAX_HEADERS} bytes, which are the most`;
    return new ApiError(431, message, { code: 'headers_too_large' });
  }
  return new ApiError(400, 'the request is no HTTP that can be read', { code: 'bad_request' });
}

/** Reads the rest of a body that is refused: a client that is still sending would not see the answer. */
async function linger(request: IncomingMessage): Promise<void> {
  if (request.complete || request.destroyed) return;
  const stop = new AbortController();
  const timer = clock.setTimeout(() => stop.abort(), LINGER_MS);
  request.resume();
  await once(request, 'end', { signal: stop.signal }).catch(() => {});
  clock.clearTimeout(timer);
}

/** Passes the first warning of the model on: every text that is too long would bring another. */
function firstOf(onWarning: Settings['onWarning']): Settings['onWarning'] {
  let isFirst = true;
  return (message) => {
    if (isFirst) onWarning(`${message} (later warnings of the model are not reported)`);
    isFirst = false;
  };
}

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
