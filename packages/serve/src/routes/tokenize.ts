/** `POST /tokenize`: the ids of texts, with their special tokens, as `/v1/embeddings` takes them. */
import { AttnError } from '@attn/core';
import { createPause } from '@attn/core/backend';
import type { TokenizedText } from '@attn/models';
import type { FastifyInstance } from 'fastify';
import { badRequest } from '../api-error.ts';
import type { ServableModel } from '../served-model.ts';
import { checkCount, checkModelName, MODEL_FIELD, signalOf, type Service } from './service.ts';

interface TokenizeBody {
  readonly input: string | readonly string[];
  readonly model?: string;
}

const BODY = {
  type: 'object',
  required: ['input'],
  properties: {
    model: MODEL_FIELD,
    input: { type: ['string', 'array'], items: { type: 'string' } },
  },
};

/** Adds the route. */
export function tokenizeRoute(app: FastifyInstance, { model, settings }: Service): void {
  app.post<{ Body: TokenizeBody }>('/tokenize', { schema: { body: BODY } }, async (request, reply) => {
    const { input, model: name } = request.body;
    checkModelName(settings, name);
    const texts = typeof input === 'string' ? [input] : input;
    checkCount('input', texts.length, settings);
    const pause = createPause(signalOf(reply), 'serve', 12);
    const { maxTokens } = settings;
    const data: object[] = [];
    let sum = 0;
    for (const [index, text] of texts.entries()) {
      const { ids, offsets } = await tokensOf(model, text, pause);
      sum += ids.length;
      if (sum > maxTokens)
        throw badRequest('input', `the input has more than ${maxTokens} tokens`, 'context_length_exceeded');
      data.push({ index, ids, ...(offsets && { offsets }) });
    }
    return { object: 'list', data, model: settings.name, usage: { prompt_tokens: sum, total_tokens: sum } };
  });
}

/** The tokens of a text without a prompt. `pause` lets the event loop turn. */
async function tokensOf(
  { tokenizer }: ServableModel,
  text: string,
  pause: () => Promise<void> | undefined,
): Promise<TokenizedText> {
  if (tokenizer === undefined) throw new AttnError('INTERNAL', 'serve', 'the model must have a tokenizer');
  await pause();
  const steps = tokenizer.encodeSteps?.(text);
  if (steps === undefined) return tokenizer.encode(text);
  for (;;) {
    const step = steps.next();
    if (step.done) return step.value;
    await pause();
  }
}
