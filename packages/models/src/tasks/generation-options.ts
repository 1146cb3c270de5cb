/** Options of the tasks that generate texts, and what their runs have in common. */
import { AttnError } from '@attn/core';
import { aBoolean, type OptionKinds } from '@attn/core/backend';
import type { Checked } from '../encode/options.ts';
import { withSearchCallbacks } from '../generate/generate.ts';
import { openSearch, rulesOf, type OpenSearch, type SearchCallbacks } from '../generate/open-search.ts';
import { GENERATE_KINDS, type GenerateOptions } from '../generate/options.ts';
import type { RunnableModel } from '../runnable-model.ts';
import type { TextTokenizer } from '../tokenizer.ts';
import type { TaskOptions } from './task-options.ts';

/** Options of every task that generates texts. */
export interface GenerationTaskOptions
  extends
    Omit<
      GenerateOptions,
      'decoder_input_ids' | 'globalTokens' | 'backend' | 'signal' | 'onProgress' | 'onWarning'
    >,
    Pick<TaskOptions, 'truncation' | 'backend' | 'signal' | 'onProgress' | 'onWarning'> {}

const { decoder_input_ids: _ids, globalTokens: _positions, ...GENERATION_KINDS } = GENERATE_KINDS;

/** Kinds of the options of every task that generates texts. */
export const GENERATION_TASK_KINDS: OptionKinds<GenerationTaskOptions> = {
  ...GENERATION_KINDS,
  truncation: aBoolean,
};

/** The tokenizer of a model that generates texts. Errors: `UNSUPPORTED` (it does not), `MISSING_INPUT`. */
export function generationTokenizer(
  where: string,
  { model, tokenizer }: RunnableModel,
  task: string,
): TextTokenizer {
  rulesOf(where, model);
  if (tokenizer !== undefined) return tokenizer;
  const message = `${task} needs a tokenizer, and this checkpoint has no files of one`;
  throw new AttnError('MISSING_INPUT', where, message);
}

/**
 * Runs a task whose options are read as those of generation. Errors: those of `openSearch` and of `work`.
 */
export async function withGeneration<R>(
  where: string,
  runnable: RunnableModel,
  options: Checked<GenerationTaskOptions>,
  work: (search: OpenSearch, callbacks: SearchCallbacks) => Promise<R>,
): Promise<R> {
  const { truncation, onToken, onText, onProgress, onWarning, backend, signal, ...rest } = options;
  const task = where.slice(where.indexOf('/') + 1);
  const search = openSearch(where, runnable, rest, task);
  return withSearchCallbacks({ onToken, onText, onProgress, onWarning }, signal, (guarded, stop) => {
    const { onWarning: warn, ...callbacks } = guarded;
    for (const sentence of search.idle) warn(`[attn/${where.replace('/', '] ')}: ${sentence}`);
    return work(search, { ...callbacks, backend, signal: stop });
  });
}
