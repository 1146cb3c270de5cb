/** A model as a server uses it: its lanes, and how it counts tokens. */
import { AttnError } from '@attn/core';
import { checkArgument, createPause, type Kind } from '@attn/core/backend';
import { Encoder, LoadedModel, PairScorer, type TextInput, type TextRole } from '@attn/models';
import { ApiError, badRequest } from './api-error.ts';
import type { Answer, Lane, QueuedInput } from './batcher.ts';
import type { Settings } from './options.ts';

/** Models that can be served. */
export type ServableModel = Encoder | PairScorer;

/** Errors: `UNSUPPORTED` for a model that is neither, `MISSING_INPUT` for one without a tokenizer. */
export function checkServable(where: string, value: unknown): ServableModel {
  const model = checkArgument(where, 'model', value as LoadedModel, aLoadedModel);
  if (!(model instanceof Encoder || model instanceof PairScorer)) {
    const message = `model must be an Encoder or a PairScorer, got ${model.network.architecture}`;
    throw new AttnError('UNSUPPORTED', where, message);
  }
  if (model.tokenizer !== undefined) return model;
  const message = 'model must have a tokenizer, and this checkpoint has no files of one';
  throw new AttnError('MISSING_INPUT', where, message);
}

const aLoadedModel: Kind = {
  expected: 'a loaded model: an Encoder or a PairScorer',
  test: (value) => value instanceof LoadedModel,
};

/** How vectors of a request are made. */
export interface VectorChoice {
  readonly dimensions?: number | undefined;
  readonly as?: TextRole | undefined;
}

/** The lane of vectors. */
export function vectorLane(model: Encoder, choice: VectorChoice, settings: Settings): Lane {
  const { normalize, onLongText, backend, batchTokens, onWarning } = settings;
  return {
    key: `vectors ${JSON.stringify([choice.dimensions, choice.as])}`,
    async run(inputs, signal) {
      const options = { ...choice, normalize, onLongText, backend, onWarning, signal };
      const { embeddings, tokens } = await model.encode(inputs, { ...options, ...most(batchTokens) });
      return rowsOf(embeddings.data, tokens);
    },
  };
}

/** The lane of scores of pairs. */
export function scoreLane(model: PairScorer, settings: Settings): Lane {
  const { onLongText, backend, batchTokens, onWarning } = settings;
  return {
    key: 'scores',
    async run(inputs, signal) {
      const pairs = inputs.filter((input): input is Required<TextInput> => isPair(input));
      const { scores, tokens } = await model.predict(pairs, {
        onLongText: onLongText === 'split' ? 'cut' : onLongText,
        backend,
        onWarning,
        signal,
        ...most(batchTokens),
      });
      const [, labels = 1] = scores.shape;
      if (labels === 1) return rowsOf(scores.data, tokens);
      throw new ApiError(400, `ranking needs a model of one label, and this one has ${labels}`, {
        code: 'unsupported',
      });
    },
  };
}

/** A batch of the model is at most the usual one. */
function most(batchTokens: number): { readonly batchTokens?: number } {
  return batchTokens < 4_096 ? { batchTokens } : {};
}

function isPair(input: QueuedInput['input']): input is Required<TextInput> {
  return typeof input === 'object' && 'pair' in input;
}

/** Each row by itself: a part of the same memory would keep all of it. */
function rowsOf(data: Float32Array, tokens: readonly number[]): readonly Answer[] {
  const width = data.length / tokens.length;
  return tokens.map((count, row) => ({ values: data.slice(row * width, (row + 1) * width), tokens: count }));
}

/**
 * Tokens of texts and pairs, as they stand in the queue, without keeping the event loop. Errors: 400 for more
 * than `maxTokens`, and for ids that the model does not have; `ABORTED`.
 */
export async function countTokens(
  model: ServableModel,
  inputs: readonly QueuedInput['input'][],
  { maxTokens }: Pick<Settings, 'maxTokens'>,
  signal: AbortSignal,
): Promise<readonly QueuedInput[]> {
  const pause = createPause(signal, 'serve', 12);
  const queued: QueuedInput[] = [];
  let sum = 0;
  for (const input of inputs) {
    const tokens = typeof input === 'object' && !isPair(input) ? checkIds(model, input) : await count(input);
    sum += tokens;
    if (sum > maxTokens) {
      const message = `the input has more than ${maxTokens} tokens, which are the most of a request`;
      throw badRequest('input', message, 'context_length_exceeded');
    }
    queued.push({ input, tokens });
  }
  return queued;

  async function count(input: string | Required<TextInput>): Promise<number> {
    const ids = await tokensOf(model, input, pause);
    return ids.ids.length;
  }
}

/** The tokens of a text. `pause` lets the event loop turn. */
export async function tokensOf(
  { tokenizer }: ServableModel,
  input: string | Required<TextInput>,
  pause: () => Promise<void> | undefined,
): Promise<ReturnType<NonNullable<ServableModel['tokenizer']>['encode']>> {
  if (tokenizer === undefined) throw new AttnError('INTERNAL', 'serve', 'the model must have a tokenizer');
  const { text, pair } = typeof input === 'string' ? { text: input, pair: undefined } : input;
  const options = pair === undefined ? undefined : { pair };
  await pause();
  const steps = tokenizer.encodeSteps?.(text, options);
  if (steps === undefined) return tokenizer.encode(text, options);
  for (;;) {
    const step = steps.next();
    if (step.done) return step.value;
    await pause();
  }
}

function checkIds({ network: { vocabSize = Infinity } }: ServableModel, ids: readonly number[]): number {
  const wrong = ids.find((id) => id >= vocabSize);
  if (wrong === undefined) return ids.length;
  throw badRequest('input', `input must have ids from 0 to ${vocabSize - 1}, got ${wrong}`);
}
