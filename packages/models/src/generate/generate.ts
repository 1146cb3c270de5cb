/**
 * Continues a text, token by token. Each step computes the whole text so far: attention by hash has no cache that is exact, because
 * every new token may change which tokens meet in a chunk. Texts of similar length share a graph.
 */
import { AttnError, i32, bool, show, throwIfAborted } from '@attn/core';
import type { CompiledGraphs } from '../compiled-graphs.ts';
import { rowLength } from '../encode/batches.ts';
import type { GenerationRules, Model } from '../model.ts';
import type { TextTokenizer } from '../tokenizer.ts';
import { sample, uniform, type Sampling } from './sample.ts';

/** Options of `generate`. */
export interface GenerateOptions {
  /** Most tokens to add. Default 64. */
  readonly maxNewTokens?: number;
  /** Logits are divided by it. Default 0, which takes the likeliest token; 1 when `topK`, `topP` or `seed` is given. */
  readonly temperature?: number;
  /** Draw from so many of the likeliest tokens only. Default: from all. */
  readonly topK?: number;
  /** Draw from the fewest tokens that have this probability together, in (0, 1]. Default 1. */
  readonly topP?: number;
  /** Equal seeds draw equal tokens where the logits are equal. Default 0. */
  readonly seed?: number;
  /** Ids after which nothing is added; they are part of the result. Default: the one that ends a text. */
  readonly stopTokens?: readonly number[];
  /** Run here or fail. Default: wherever it is fastest. */
  readonly backend?: string;
  readonly signal?: AbortSignal;
  /** Called with each token as it comes. */
  readonly onToken?: (id: number) => void;
}

/** What was generated. */
export interface Generated {
  /** The new tokens, without those of the prompt. */
  readonly ids: readonly number[];
  /** Their text; undefined without a tokenizer. */
  readonly text: string | undefined;
  /** Tokens of the prompt. */
  readonly promptTokens: number;
  /** Why it ended: a stop token, or as many tokens as were asked for. */
  readonly end: 'stop' | 'length';
  /** Who computed it: every backend that took part. */
  readonly backends: readonly string[];
}

/** Everything of a loaded model that generating needs. */
export interface Generator {
  readonly model: Model;
  readonly tokenizer: TextTokenizer | undefined;
  readonly graphs: CompiledGraphs;
}

const WHERE = 'models/generate';

/** See `LoadedModel.generate`. */
export async function generate(
  { model, tokenizer, graphs }: Generator,
  prompt: string | readonly number[],
  options: GenerateOptions = {},
): Promise<Generated> {
  const rules = rulesOf(model);
  const { maxNewTokens = 64, seed = 0, stopTokens = [rules.eosTokenId], backend, signal, onToken } = options;
  const sampling = samplingOf(options);
  checkInteger('maxNewTokens', maxNewTokens, 1);
  checkInteger('seed', seed, 0);
  const ids = [...promptIds(prompt, tokenizer)];
  const promptTokens = ids.length;
  if (promptTokens + maxNewTokens > model.maxLength) {
    throw wrong(
      `the prompt and maxNewTokens must be at most ${model.maxLength} tokens together, got ${promptTokens} + ${maxNewTokens}`,
    );
  }
  const random = uniform(seed);
  const backends = new Set<string>();
  let end: Generated['end'] = 'length';
  while (ids.length < promptTokens + maxNewTokens && end === 'length') {
    throwIfAborted(signal, WHERE);
    const length = rowLength(model, ids.length);
    const { graph, inputs } = model.call(padded(ids, length, model.padTokenId));
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
  const added = ids.slice(promptTokens);
  return { ids: added, text: tokenizer?.decode(added), promptTokens, end, backends: [...backends] };
}

function rulesOf({ generation, architecture }: Model): GenerationRules {
  if (generation !== undefined) return generation;
  const message = `${architecture} does not continue texts: only a causal language model does, such as ReformerModelWithLMHead`;
  throw new AttnError('UNSUPPORTED', WHERE, message);
}

/** One row; always with a mask, so that full rows and others share their graph. */
function padded(ids: readonly number[], length: number, padTokenId: number): Parameters<Model['call']>[0] {
  const row = new Int32Array(length).fill(padTokenId);
  row.set(ids);
  const mask = new Uint8Array(length).fill(1, 0, ids.length);
  return { inputIds: i32([1, length], row), attentionMask: bool([1, length], mask) };
}

function promptIds(
  prompt: string | readonly number[],
  tokenizer: TextTokenizer | undefined,
): readonly number[] {
  if (typeof prompt === 'string' && tokenizer === undefined) {
    const message = 'this checkpoint has no tokenizer.json: give ids instead of a text';
    throw new AttnError('MISSING_INPUT', WHERE, message);
  }
  const ids = typeof prompt === 'string' ? tokenizer && openEnded(tokenizer, prompt) : prompt;
  if (Array.isArray(ids) && ids.length > 0 && ids.every(Number.isInteger)) return ids;
  throw wrong(`the prompt must have at least one token, got ${show(prompt)}`);
}

/** Without the special tokens that end a text: it goes on. */
function openEnded(tokenizer: TextTokenizer, prompt: string): readonly number[] {
  const { ids, after } = tokenizer.encode(prompt);
  return ids.slice(0, ids.length - after);
}

function samplingOf({ temperature, topK, topP, seed }: GenerateOptions): Sampling {
  const draws = topK !== undefined || topP !== undefined || seed !== undefined;
  const resolved = temperature ?? (draws ? 1 : 0);
  if (!Number.isFinite(resolved) || resolved < 0)
    throw wrong(`temperature must be a number ≥ 0, got ${show(temperature)}`);
  if (topK !== undefined) checkInteger('topK', topK, 1);
  if (topP !== undefined && !(topP > 0 && topP <= 1))
    throw wrong(`topP must be above 0 and at most 1, got ${show(topP)}`);
  return { temperature: resolved, topK, topP };
}

function checkInteger(name: string, value: number, least: number): void {
  if (Number.isSafeInteger(value) && value >= least) return;
  throw wrong(`${name} must be an integer ≥ ${least}, got ${show(value)}`);
}

function wrong(message: string): AttnError {
  return new AttnError('INVALID_ARGUMENT', WHERE, message);
}
