/** A model as a server uses it: its lanes, and how it makes tokens, once for each text. */
import { AttnError } from '@attn/core';
import { checkArgument, createPause, type Kind } from '@attn/core/backend';
import {
  Encoder,
  LoadedModel,
  PairScorer,
  type TextInput,
  type TextRole,
  type TokenizedPair,
} from '@attn/models';
import { ApiError, badRequest } from './api-error.ts';
import type { Answer, Lane, QueuedInput, RequestInput } from './batcher.ts';
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
      const pairs = inputs.filter((input): input is TokenizedPair => 'text' in input && 'pair' in input);
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

/** Each row by itself: a part of the same memory would keep all of it. */
function rowsOf(data: Float32Array, tokens: readonly number[]): readonly Answer[] {
  const width = data.length / tokens.length;
  return tokens.map((count, row) => ({ values: data.slice(row * width, (row + 1) * width), tokens: count }));
}

/**
 * Inputs with their tokens, as they stand in the queue; the event loop turns between them. `as` is what each
 * is for. Errors: 400 for more than `maxTokens`, and for ids that the model does not have; `ABORTED`.
 */
export async function countTokens(
  model: ServableModel,
  inputs: readonly RequestInput[],
  { maxTokens }: Pick<Settings, 'maxTokens'>,
  signal: AbortSignal,
  as: (index: number) => TextRole | undefined = () => undefined,
): Promise<readonly QueuedInput[]> {
  const pause = createPause(signal, 'serve', 12);
  const queued: QueuedInput[] = [];
  let sum = 0;
  for (const [index, input] of inputs.entries()) {
    await pause();
    const ready = await tokenized(model, input, as(index), signal);
    sum += ready.tokens;
    if (sum > maxTokens) {
      const message = `the input has more than ${maxTokens} tokens, which are the most of a request`;
      throw badRequest('input', message, 'context_length_exceeded');
    }
    queued.push(ready);
  }
  return queued;
}

async function tokenized(
  model: ServableModel,
  input: RequestInput,
  as: TextRole | undefined,
  signal: AbortSignal,
): Promise<QueuedInput> {
  if (typeof input === 'object' && !('text' in input)) return { input, tokens: checkIds(model, input) };
  const [{ tokens, ...rest }] =
    model instanceof Encoder
      ? await model.tokenize(input, { ...(as !== undefined && { as }), signal })
      : await model.tokenize(pairOf(input), { signal });
  // A long queue holds only the columns that the model sees.
  const { ids, sequences, typeIds } = tokens;
  return { input: { ...rest, tokens: { ids, sequences, typeIds } }, tokens: ids.length };
}

function pairOf(input: string | Required<TextInput>): Required<TextInput> {
  if (typeof input !== 'string') return input;
  throw new AttnError('INTERNAL', 'serve', 'a model that scores pairs must get pairs');
}

function checkIds({ network: { vocabSize = Infinity } }: ServableModel, ids: readonly number[]): number {
  const wrong = ids.find((id) => id >= vocabSize);
  if (wrong === undefined) return ids.length;
  throw badRequest('input', `input must have ids from 0 to ${vocabSize - 1}, got ${wrong}`);
}
