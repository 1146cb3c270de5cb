/** `POST /v1/embeddings`, as in OpenAI's API. */
import { show } from '@attn/core/backend';
import { Encoder, type TextRole } from '@attn/models';
import type { FastifyInstance } from 'fastify';
import { ApiError, badRequest } from '../api-error.ts';
import type { RequestInput } from '../batcher.ts';
import { countTokens, vectorLane } from '../served-model.ts';
import { checkCount, checkModelName, MODEL_FIELD, signalOf, type Service } from './service.ts';

interface EmbeddingsBody {
  readonly input: unknown;
  readonly model?: string;
  readonly encoding_format?: 'float' | 'base64';
  readonly dimensions?: number;
  /** The prompt of the model that stands before the texts. OpenAI's API has no such field. */
  readonly input_type?: TextRole;
}

const BODY = {
  type: 'object',
  required: ['input'],
  properties: {
    model: MODEL_FIELD,
    encoding_format: { enum: ['float', 'base64'] },
    dimensions: { type: 'integer', minimum: 1 },
    input_type: { enum: ['query', 'document'] },
  },
};

/** Adds the route. */
export function embeddingsRoute(app: FastifyInstance, { model, settings, batcher }: Service): void {
  app.post<{ Body: EmbeddingsBody }>('/v1/embeddings', { schema: { body: BODY } }, async (request, reply) => {
    const {
      input,
      model: name,
      encoding_format: format = 'float',
      dimensions,
      input_type: as,
    } = request.body;
    checkModelName(settings, name);
    if (!(model instanceof Encoder)) {
      const message = 'the model of this server scores pairs of texts and makes no vectors: ask /v1/rerank';
      throw new ApiError(400, message, { code: 'unsupported' });
    }
    const inputs = readInput(input);
    checkCount('input', inputs.length, settings);
    batcher.checkRoom(inputs.length);
    const signal = signalOf(reply);
    const queued = await countTokens(model, inputs, settings, signal, () => as);
    const lane = vectorLane(model, { dimensions, as }, settings);
    const answers = await batcher.submit(lane, queued, signal);
    const tokens = answers.reduce((sum, answer) => sum + answer.tokens, 0);
    return {
      object: 'list',
      data: answers.map(({ values }, index) => ({
        object: 'embedding',
        index,
        embedding: format === 'base64' ? base64(values) : Array.from(values),
      })),
      model: settings.name,
      usage: { prompt_tokens: tokens, total_tokens: tokens },
    };
  });
}

/** A text, a list of texts, a list of ids, or a list of lists of ids. Errors: 400. */
function readInput(input: unknown): readonly RequestInput[] {
  if (typeof input === 'string') return [checkText(input, 'input')];
  if (!Array.isArray(input)) throw wrongInput(input, 'input');
  if (typeof input[0] === 'number') return [readIds(input, 'input')];
  return input.map((entry: unknown, i) =>
    Array.isArray(entry) ? readIds(entry, `input[${i}]`) : checkText(entry, `input[${i}]`),
  );
}

function checkText(text: unknown, name: string): string {
  if (typeof text !== 'string') throw wrongInput(text, name);
  if (text !== '') return text;
  throw badRequest('input', `${name} must not be an empty text`);
}

function readIds(ids: readonly unknown[], name: string): readonly number[] {
  if (ids.length === 0) throw badRequest('input', `${name} must have at least one id`);
  return ids.map((id, i) => {
    if (typeof id === 'number' && Number.isSafeInteger(id) && id >= 0) return id;
    throw badRequest('input', `${name}[${i}] must be an id, an integer ≥ 0, got ${show(id)}`);
  });
}

function wrongInput(value: unknown, name: string): ApiError {
  const what = 'a text, a list of texts, a list of ids or a list of lists of ids';
  return badRequest(
    'input',
    `${name} must be ${name === 'input' ? what : 'a text or a list of ids'}, got ${show(value)}`,
  );
}

/** The bytes of float32 numbers, the lowest first, which is the order of every machine that Node runs on. */
function base64({ buffer, byteOffset, byteLength }: Float32Array): string {
  return Buffer.from(buffer, byteOffset, byteLength).toString('base64');
}
