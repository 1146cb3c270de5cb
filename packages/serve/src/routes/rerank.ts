/** `POST /v1/rerank`, as in Jina's and Cohere's APIs. */
import { f32, type Tensor } from '@attn/core';
import { Encoder, type TextRole } from '@attn/models';
import type { FastifyInstance } from 'fastify';
import type { Answer } from '../batcher.ts';
import { countTokens, scoreLane, vectorLane, type ServableModel } from '../served-model.ts';
import { checkCount, checkModelName, MODEL_FIELD, signalOf, type Service } from './service.ts';

interface RerankBody {
  readonly query: string;
  readonly documents: readonly (string | { readonly text: string })[];
  readonly model?: string;
  readonly top_n?: number;
  readonly return_documents?: boolean;
}

const TEXT = { type: 'string', minLength: 1 };
const BODY = {
  type: 'object',
  required: ['query', 'documents'],
  properties: {
    model: MODEL_FIELD,
    query: TEXT,
    documents: {
      type: 'array',
      items: {
        type: ['string', 'object'],
        minLength: 1,
        required: ['text'],
        properties: { text: TEXT },
      },
    },
    top_n: { type: 'integer', minimum: 1 },
    return_documents: { type: 'boolean' },
  },
};

/** How well each document fits a query. */
interface Scores {
  readonly scores: readonly number[];
  readonly tokens: number;
}

/** Adds the routes: Cohere's clients of version 2 ask `/v2/rerank`. */
export function rerankRoute(app: FastifyInstance, service: Service): void {
  for (const path of ['/v1/rerank', '/v2/rerank'])
    app.post<{ Body: RerankBody }>(path, { schema: { body: BODY } }, async (request, reply) => {
      const {
        query,
        documents,
        model: name,
        top_n: most = Infinity,
        return_documents: isReturned,
      } = request.body;
      const { settings, batcher } = service;
      checkModelName(settings, name);
      checkCount('documents', documents.length, settings);
      batcher.checkRoom(documents.length + 1);
      const texts = documents.map((document) => (typeof document === 'string' ? document : document.text));
      const signal = signalOf(reply);
      const { scores, tokens } = await scoresOf(service, query, texts, signal);
      const order = scores.map((_, i) => i).toSorted((a, b) => scores[b] - scores[a] || a - b);
      return {
        id: request.id,
        model: settings.name,
        results: order.slice(0, most).map((index) => ({
          index,
          relevance_score: scores[index],
          ...(isReturned === true && { document: { text: texts[index] } }),
        })),
        usage: { prompt_tokens: tokens, total_tokens: tokens },
      };
    });
}

/** The scores of a cross-encoder, or, of a model of vectors, how alike the vectors are. */
async function scoresOf(
  { model, settings, batcher }: Service,
  query: string,
  texts: readonly string[],
  signal: AbortSignal,
): Promise<Scores> {
  if (!(model instanceof Encoder)) {
    const pairs = texts.map((pair) => ({ text: query, pair }));
    const queued = await countTokens(model, pairs, settings, signal);
    const answers = await batcher.submit(scoreLane(model, settings), queued, signal);
    return { scores: answers.map(({ values }) => values[0]), tokens: tokensOf(answers) };
  }
  const roleOf = (index: number): TextRole => (index === 0 ? 'query' : 'document');
  const queued = await countTokens(model, [query, ...texts], settings, signal, roleOf);
  const run = (as: TextRole, from: number, to: number): Promise<readonly Answer[]> =>
    batcher.submit(vectorLane(model, { as }, settings), queued.slice(from, to), signal);
  const [first, others] = await Promise.all([run('query', 0, 1), run('document', 1, queued.length)]);
  const { data } = model.similarity(matrix(first), matrix(others));
  return { scores: Array.from(data), tokens: tokensOf([...first, ...others]) };
}

function matrix(answers: readonly Answer[]): Tensor<'f32'> {
  const width = answers[0].values.length;
  const data = new Float32Array(answers.length * width);
  for (const [row, { values }] of answers.entries()) data.set(values, row * width);
  return f32([answers.length, width], data);
}

function tokensOf(answers: readonly Answer[]): number {
  return answers.reduce((sum, { tokens }) => sum + tokens, 0);
}

/** What a model of this kind can do, in words of `/v1/models`. */
export function abilitiesOf(model: ServableModel): readonly string[] {
  return model instanceof Encoder ? ['embeddings', 'rerank'] : ['rerank'];
}
