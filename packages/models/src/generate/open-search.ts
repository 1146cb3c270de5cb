/** What a call generates with: its options and the files' defaults, checked before anything is computed. */
import { AttnError } from '@attn/core';
import type { EncodeProgress } from '../encode/options.ts';
import type { GenerationRules, Model } from '../model.ts';
import type { RunnableModel } from '../runnable-model.ts';
import { defaultsOf } from './generation-config.ts';
import type { SearchSource } from './open-decoder.ts';
import { openSource } from './open-source.ts';
import type { Generated, GenerateOptions, SearchOptions } from './options.ts';
import { idleOptions, planSearch } from './plan-search.ts';
import type { SearchRun } from './run-search.ts';
import { runSearches } from './search-groups.ts';
import type { SearchPlan } from './search.ts';
import { readSearchSettings } from './settings.ts';
import { TokenProgress } from './token-progress.ts';

/** What a call generates with. */
export interface OpenSearch {
  /** Sentences about options that do nothing. */
  readonly idle: readonly string[];
  /** Texts before which a text ends. */
  readonly stop: readonly string[];
  /** What a search for a text of these ids begins with. Errors: `INVALID_ARGUMENT` (a text is too long). */
  sourceOf(ids: readonly number[]): SearchSource;
  /** The plan of a search. Errors: `INVALID_ARGUMENT` (no room). */
  planOf(source: SearchSource): SearchPlan;
}

/** Callbacks of a call that generates, and where it runs. */
export interface SearchCallbacks extends Pick<SearchRun, 'backend' | 'signal' | 'onToken' | 'onText'> {
  readonly onProgress?: ((progress: EncodeProgress) => void) | undefined;
}

/** What a model's texts end with. Errors: `UNSUPPORTED` for a model that generates none. */
export function rulesOf(where: string, { generation, architecture }: Model): GenerationRules {
  if (generation !== undefined) return generation;
  const message = `${architecture} generates no texts: only a causal language model does, such as ReformerModelWithLMHead, or one with a decoder, such as LEDForConditionalGeneration`;
  throw new AttnError('UNSUPPORTED', where, message);
}

/** Options of a search, and of what it begins with. */
export type OpenSearchOptions = SearchOptions & Pick<GenerateOptions, 'decoder_input_ids' | 'globalTokens'>;

/**
 * Checks options, and joins them with the files' defaults. `task` is a name in `task_specific_params`.
 * Errors: `UNSUPPORTED`, `INVALID_ARGUMENT`, `MISSING_INPUT` (`stop` without a tokenizer), `MALFORMED_FILE`.
 */
export function openSearch(
  where: string,
  runnable: RunnableModel,
  { decoder_input_ids, globalTokens, ...options }: OpenSearchOptions,
  task?: string,
): OpenSearch {
  const { model, tokenizer, settings } = runnable;
  const { eosTokenId, decoder } = rulesOf(where, model);
  const { vocabSize = Infinity } = model;
  const own = readSearchSettings(where, options, vocabSize);
  const { generation } = settings;
  const defaults = generation ? defaultsOf(where, generation, own, { task, vocabSize }) : {};
  const stop = own.stop ?? defaults.stop ?? [];
  if (stop.length > 0 && tokenizer === undefined)
    throw new AttnError('MISSING_INPUT', where, 'stop needs a tokenizer, and this model has none');
  const { decoder_start_token_id } = own;
  const begin = { decoder_input_ids, globalTokens, decoder_start_token_id };
  const sourceOf = openSource(where, runnable, begin, defaults);
  const place = { where, eos: [eosTokenId].flat(), room: decoder?.maxLength ?? model.maxLength };
  const plan = planSearch(own, defaults, { ...place, promptLength: 1 });
  return {
    idle: idleOptions(own, plan),
    stop,
    sourceOf,
    planOf: ({ prompt }) => planSearch(own, defaults, { ...place, promptLength: prompt.length }),
  };
}

/** Generates the texts of all sources. Errors: those of `planOf` and `runSearches`. */
export async function generateAll(
  where: string,
  runnable: RunnableModel,
  search: OpenSearch,
  sources: readonly SearchSource[],
  { onProgress, ...callbacks }: SearchCallbacks,
): Promise<readonly Generated[]> {
  const inputs = sources.map((source) => ({ source, plan: search.planOf(source) }));
  const most = inputs.map(({ plan }) => newTokens(plan));
  const progress = new TokenProgress(most, onProgress);
  return runSearches(where, runnable, inputs, {
    ...callbacks,
    stop: search.stop,
    onStep: (members) => progress.step(members),
    onEnd: (members) => progress.end(members),
  });
}

/** Most new tokens of a search. */
export function newTokens({ span }: SearchPlan): number {
  return span.maxLength - span.promptLength;
}
