/**
 * Continues a text, token by token. Each step computes the whole text so
 * far: LSH attention has no exact cache, because every new token may change
 * which tokens share a chunk. Texts of similar length share a graph.
 */
import { AttnError, bool, i32, type Tensor } from '@attn/core';
import {
  aFunction,
  anything,
  aSignal,
  aString,
  checkOptions,
  integer,
  show,
  throwIfAborted,
  withCallbacks,
  type OptionKinds,
} from '@attn/core/backend';
import { rowLength } from '../encode/batches.ts';
import { readIds } from '../encode/inputs.ts';
import { tokenizeAll } from '../encode/tokenize.ts';
import { repeatedOf } from '../encode/windows.ts';
import type { ForeignTensor, IntegerList } from '../inputs/entries.ts';
import { readIntegerList } from '../inputs/integers.ts';
import type { GenerationRules, Model } from '../model.ts';
import type { RunnableModel } from '../runnable-model.ts';
import type { TokenizedText } from '../tokenizer.ts';
import { sample, uniform, type Sampling } from './sample.ts';
import { TextPieces } from './text-pieces.ts';

/** Options of `generate`. */
export interface GenerateOptions {
  /** Most tokens to add. Default 64. */
  readonly maxNewTokens?: number;
  /**
   * Logits are divided by it. Default 0, which takes the likeliest
   * token; 1 when `topK`, `topP` or `seed` is set.
   */
  readonly temperature?: number;
  /** Draw only from this many of the likeliest tokens. Default: from all tokens. */
  readonly topK?: number;
  /** Draw only from the fewest tokens that together have this probability, in (0, 1]. Default 1. */
  readonly topP?: number;
  /** Equal seeds draw equal tokens if the logits are equal. Default 0. */
  readonly seed?: number;
  /** Ids that end the text; they are part of the result. Default: the model's ids for the end of a text. */
  readonly stopTokens?: IntegerList;
  /** Name of the backend to use; the call fails if that cannot run. Default: the fastest backend. */
  readonly backend?: string;
  readonly signal?: AbortSignal;
  /** Called with each new token. An error that it throws ends the call, which rejects with that error. */
  readonly onToken?: (id: number) => void;
  /**
   * Called with each piece of the new text, as soon as its letters are complete: the pieces together are the
   * text. It needs a tokenizer. An error that it throws ends the call, too.
   */
  readonly onText?: (piece: string) => void;
}

/** The result of `generate`. */
export interface Generated {
  /** The new tokens, without those of the prompt. */
  readonly ids: readonly number[];
  /** The text of the new tokens, as it follows that of the prompt; undefined without a tokenizer. */
  readonly text: string | undefined;
  /** Number of tokens of the prompt. */
  readonly promptTokens: number;
  /** Why it ended: `stop` after a stop token, `length` after `maxNewTokens` tokens. */
  readonly end: 'stop' | 'length';
  /** Names of all backends that took part. */
  readonly backends: readonly string[];
}

const WHERE = 'models/generate';

/** Most tokens that are added where the caller does not say. */
export const MAX_NEW_TOKENS = 64;

/** A text to continue, or ids, which are used as they are. */
export type Prompt = string | IntegerList | Tensor | ForeignTensor;

/** Kinds of the options of `generate`. */
export const GENERATE_KINDS: OptionKinds<GenerateOptions> = {
  maxNewTokens: integer(1),
  temperature: {
    expected: 'a number ≥ 0',
    test: (value) => Number.isFinite(value) && Number(value) >= 0,
  },
  topK: integer(1),
  topP: {
    expected: 'above 0 and at most 1',
    test: (value) => typeof value === 'number' && value > 0 && value <= 1,
  },
  seed: integer(0),
  stopTokens: anything,
  backend: aString,
  signal: aSignal,
  onToken: aFunction,
  onText: aFunction,
};

/** Implements `LoadedModel.generate`. */
export async function generate(
  runnable: RunnableModel,
  prompt: Prompt,
  options: GenerateOptions = {},
): Promise<Generated> {
  const rules = rulesOf(WHERE, runnable.model);
  const { signal, onToken, onText, stopTokens, ...rest } = checkOptions(WHERE, options, GENERATE_KINDS);
  const stops =
    stopTokens === undefined
      ? [rules.eosTokenId].flat()
      : readIntegerList({ where: WHERE, name: 'stopTokens' }, stopTokens);
  if (onText !== undefined && runnable.tokenizer === undefined)
    throw new AttnError('MISSING_INPUT', WHERE, 'onText needs a tokenizer, and this model has none');
  return withCallbacks({ onToken, onText }, signal, async (callbacks, stop) => {
    const ids = await promptIds(runnable, prompt, stop);
    const checked = { ...rest, ...callbacks, stopTokens: stops, signal: stop };
    checkRoom(WHERE, runnable.model, ids.length, checked);
    return continueIds(WHERE, runnable, ids, checked);
  });
}

/** How ids are continued. */
export type ContinueOptions = GenerateOptions & { readonly stopTokens: readonly number[] };

/** Continues ids, for which there is room. Errors: `ABORTED`, those of the backends. */
export async function continueIds(
  where: string,
  { model, tokenizer, graphs }: RunnableModel,
  prompt: readonly number[],
  options: ContinueOptions,
): Promise<Generated> {
  const { maxNewTokens = MAX_NEW_TOKENS, seed = 0, stopTokens, backend, signal, onToken, onText } = options;
  const sampling = samplingOf(options);
  const ids = [...prompt];
  const promptTokens = ids.length;
  const random = uniform(seed);
  const backends = new Set<string>();
  const pieces = tokenizer && new TextPieces(tokenizer, prompt);
  let text = '';
  const add = (piece: string): void => {
    text += piece;
    if (piece !== '') onText?.(piece);
  };
  let end: Generated['end'] = 'length';
  while (ids.length < promptTokens + maxNewTokens && end === 'length') {
    throwIfAborted(signal, where);
    const length = rowLength(model, ids.length);
    const { graph, inputs } = model.call(paddedRow(ids, length, model.padTokenId));
    const run = await graphs.run(graph, inputs, { backend, signal });
    backends.add(run.backend);
    const { data, shape } = run.outputs.logits;
    const [, , words] = shape;
    const last = data.subarray((ids.length - 1) * words, ids.length * words);
    const next = sample(last, sampling, random);
    ids.push(next);
    if (stopTokens.includes(next)) end = 'stop';
    onToken?.(next);
    if (pieces) add(pieces.add(next));
  }
  if (pieces) add(pieces.rest());
  return {
    ids: ids.slice(promptTokens),
    text: pieces && text,
    promptTokens,
    end,
    backends: [...backends],
  };
}

/** Errors: `INVALID_ARGUMENT` where a model has no room for a prompt and the tokens after it. */
export function checkRoom(
  where: string,
  { maxLength }: Model,
  promptTokens: number,
  { maxNewTokens = MAX_NEW_TOKENS }: Pick<GenerateOptions, 'maxNewTokens'>,
): void {
  if (promptTokens + maxNewTokens <= maxLength) return;
  const message = `a prompt and its new tokens must be at most ${maxLength} tokens together, got ${promptTokens} + ${maxNewTokens}`;
  throw new AttnError('INVALID_ARGUMENT', where, message);
}

/** What a model's texts end with. Errors: `UNSUPPORTED` for a model that continues none. */
export function rulesOf(where: string, { generation, architecture }: Model): GenerationRules {
  if (generation !== undefined) return generation;
  const message = `${architecture} does not continue texts: only a causal language model does, such as ReformerModelWithLMHead`;
  throw new AttnError('UNSUPPORTED', where, message);
}

/** A batch of one row. It always has a mask, so that full rows and padded rows share their graph. */
function paddedRow(ids: readonly number[], length: number, padTokenId: number): Parameters<Model['call']>[0] {
  const row = new Int32Array(length).fill(padTokenId);
  row.set(ids);
  const mask = new Uint8Array(length).fill(1, 0, ids.length);
  return { inputIds: i32([1, length], row), attentionMask: bool([1, length], mask) };
}

async function promptIds(
  { model, tokenizer }: RunnableModel,
  prompt: Prompt,
  signal: AbortSignal | undefined,
): Promise<readonly number[]> {
  if (typeof prompt !== 'string')
    return readIds({ where: WHERE, name: 'the prompt' }, prompt, model.vocabSize);
  const options = { signal, onCharacters: undefined, limits: model };
  const [tokens] =
    prompt === '' ? [{ ids: [] }] : await tokenizeAll(WHERE, tokenizer, [{ text: prompt }], options);
  return openEnd(WHERE, tokens, prompt, 'the prompt');
}

/**
 * The ids of a text without the special tokens at its end, because the text goes on. Errors:
 * `INVALID_ARGUMENT` where no ids are left.
 */
export function openEnd(where: string, tokens: TokenizedText, text: string, name: string): readonly number[] {
  const { ids } = tokens;
  const { after } = repeatedOf(tokens);
  if (ids.length > after) return ids.slice(0, ids.length - after);
  const message = `${name} must have at least one token, got ${show(text)}`;
  throw new AttnError('INVALID_ARGUMENT', where, message);
}

function samplingOf({ temperature, topK, topP, seed }: GenerateOptions): Sampling {
  const draws = topK !== undefined || topP !== undefined || seed !== undefined;
  return { temperature: temperature ?? (draws ? 1 : 0), topK, topP };
}
