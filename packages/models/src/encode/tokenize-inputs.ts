/** Tokens of texts before the call that runs them, so that a server can count them and tokenizes once. */
import { AttnError } from '@attn/core';
import { aSignal, aString, checkOptions, show, type OptionKinds } from '@attn/core/backend';
import type { RunnableModel } from '../runnable-model.ts';
import { withPrompt } from '../sentence/prompts.ts';
import type { TextInput, TokenizedInput } from '../tokenizer.ts';
import { prepareCall, tokenizeSources } from './encode.ts';
import { readInputs } from './inputs.ts';
import { PROMPT_KINDS, type EncodeOptions } from './options.ts';
import { readPairs } from './predict.ts';
import { tokenizeTexts } from './run-texts.ts';

/** Options of `tokenize` of a model of vectors: those of `encode` that choose the prompt. */
export type TokenizeOptions = Pick<EncodeOptions, 'prompt' | 'promptName' | 'as' | 'task' | 'signal'>;

const KINDS: OptionKinds<TokenizeOptions> = { ...PROMPT_KINDS, task: aString, signal: aSignal };

const WHERE = 'models/tokenize';

/** Implements `Encoder.tokenize`. */
export async function tokenizeForVectors(
  runnable: RunnableModel,
  inputs: unknown,
  options: TokenizeOptions = {},
): Promise<readonly TokenizedInput[]> {
  const checked = checkOptions(WHERE, options, KINDS);
  const call = prepareCall(WHERE, runnable, checked);
  const sources = readInputs(WHERE, inputs).map((source, i) => {
    if ('text' in source) return source;
    const message = `inputs must be texts or pairs, got ids ${show(source)} as input ${i}`;
    throw new AttnError('INVALID_ARGUMENT', WHERE, message);
  });
  const tokenized = await tokenizeSources(call, sources);
  return sources.map((source, i) => ({ ...source, tokens: tokenized[i], prompt: call.plan.prompt }));
}

/** A pair with its tokens. */
export type TokenizedPair = TokenizedInput & Required<TextInput>;

/** Implements `PairScorer.tokenize`. */
export async function tokenizeForScores(
  runnable: RunnableModel,
  pairs: unknown,
  options: Pick<TokenizeOptions, 'signal'> = {},
): Promise<readonly TokenizedPair[]> {
  const { signal } = checkOptions<Pick<TokenizeOptions, 'signal'>>(WHERE, options, { signal: aSignal });
  const sources = readPairs(WHERE, pairs);
  const inputs = withPrompt(WHERE, sources, '', {});
  const tokenized = await tokenizeTexts(WHERE, runnable, inputs, { signal, onProgress: undefined });
  return sources.map((source, i) => ({ ...source, tokens: tokenized[i], prompt: '' }));
}
