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
import { idsWithText } from '../tokenizer.ts';
import { sample, uniform, type Sampling } from './sample.ts';

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
}

/** The result of `generate`. */
export interface Generated {
  /** The new tokens, without those of the prompt. */
  readonly ids: readonly number[];
  /** The text of the new tokens; undefined without a tokenizer. */
  readonly text: string | undefined;
  /** Number of tokens of the prompt. */
  readonly promptTokens: number;
  /** Why it ended: `stop` after a stop token, `length` after `maxNewTokens` tokens. */
  readonly end: 'stop' | 'length';
  /** Names of all backends that took part. */
  readonly backends: readonly string[];
}

const WHERE = 'models/generate';

/** A text to continue, or ids, which are used as they are. */
export type Prompt = string | IntegerList | Tensor | ForeignTensor;

const KINDS: OptionKinds<GenerateOptions> = {
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
};

/** Implements `LoadedModel.generate`. */
export async function generate(
  runnable: RunnableModel,
  prompt: Prompt,
  options: GenerateOptions = {},
): Promise<Generated> {
  const rules = rulesOf(runnable.model);
  const { signal, onToken, stopTokens, ...rest } = checkOptions(WHERE, options, KINDS);
  const stops =
    stopTokens === undefined
      ? [rules.eosTokenId].flat()
      : readIntegerList({ where: WHERE, name: 'stopTokens' }, stopTokens);
  return withCallbacks({ onToken }, signal, async (callbacks, stop) => {
    const ids = await promptIds(runnable, prompt, stop);
    return continueIds(runnable, ids, { ...rest, ...callbacks, stopTokens: stops, signal: stop });
  });
}

async function continueIds(
  { model, tokenizer, graphs }: RunnableModel,
  prompt: readonly number[],
  options: GenerateOptions & { readonly stopTokens: readonly number[] },
): Promise<Generated> {
  const { maxNewTokens = 64, seed = 0, stopTokens, backend, signal, onToken } = options;
  const sampling = samplingOf(options);
  const ids = [...prompt];
  const promptTokens = ids.length;
  if (promptTokens + maxNewTokens > model.maxLength) {
    throw invalid(
      `the prompt and maxNewTokens must be at most ${model.maxLength} tokens together, got ${promptTokens} + ${maxNewTokens}`,
    );
  }
  const random = uniform(seed);
  const backends = new Set<string>();
  let end: Generated['end'] = 'length';
  while (ids.length < promptTokens + maxNewTokens && end === 'length') {
    throwIfAborted(signal, WHERE);
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
  }
  const newIds = ids.slice(promptTokens);
  return {
    ids: newIds,
    text: tokenizer?.decode(idsWithText(tokenizer, newIds)),
    promptTokens,
    end,
    backends: [...backends],
  };
}

function rulesOf({ generation, architecture }: Model): GenerationRules {
  if (generation !== undefined) return generation;
  const message = `${architecture} does not continue texts: only a causal language model does, such as ReformerModelWithLMHead`;
  throw new AttnError('UNSUPPORTED', WHERE, message);
}

/** A batch of one row. It always has a mask, so that full rows and padded rows share their graph. */
function paddedRow(ids: readonly number[], length: number, padTokenId: number): Parameters<Model['call']>[0] {
  const row = new Int32Array(length).fill(padTokenId);
  row.set(ids);
  const mask = new Uint8Array(length).fill(1, 0, ids.length);
  return { inputIds: i32([1, length], row), attentionMask: bool([1, length], mask) };
}

/** The ids of a prompt, without the special tokens at its end, because the text goes on. */
async function promptIds(
  { model, tokenizer }: RunnableModel,
  prompt: Prompt,
  signal: AbortSignal | undefined,
): Promise<readonly number[]> {
  if (typeof prompt !== 'string')
    return readIds({ where: WHERE, name: 'the prompt' }, prompt, model.vocabSize);
  if (prompt === '') throw invalid(`the prompt must have at least one token, got ${show(prompt)}`);
  const options = { signal, onCharacters: undefined, limits: model };
  const [tokens] = await tokenizeAll(WHERE, tokenizer, [{ text: prompt }], options);
  const { ids } = tokens;
  const { after } = repeatedOf(tokens);
  if (ids.length > after) return ids.slice(0, ids.length - after);
  throw invalid(`the prompt must have at least one token, got ${show(prompt)}`);
}

function samplingOf({ temperature, topK, topP, seed }: GenerateOptions): Sampling {
  const draws = topK !== undefined || topP !== undefined || seed !== undefined;
  return { temperature: temperature ?? (draws ? 1 : 0), topK, topP };
}

function invalid(message: string): AttnError {
  return new AttnError('INVALID_ARGUMENT', WHERE, message);
}
