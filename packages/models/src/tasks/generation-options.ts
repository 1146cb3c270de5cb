/** Options of the tasks that generate texts, and what their runs have in common. */
import { AttnError } from '@attn/core';
import { aBoolean, type OptionKinds } from '@attn/core/backend';
import type { Checked } from '../encode/options.ts';
import { withSearchCallbacks } from '../generate/generate.ts';
import type { SearchSource } from '../generate/open-decoder.ts';
import { generateAll, openSearch, rulesOf, type OpenSearch } from '../generate/open-search.ts';
import { GENERATE_KINDS, type Generated, type GenerateOptions } from '../generate/options.ts';
import type { RunnableModel } from '../runnable-model.ts';
import type { TextTokenizer } from '../tokenizer.ts';
import type { TaskOptions } from './task-options.ts';

/** Options of every task that generates texts. */
export interface GenerationTaskOptions
  extends
    Omit<GenerateOptions, 'decoder_input_ids' | 'backend' | 'signal' | 'onProgress' | 'onWarning'>,
    Pick<TaskOptions, 'truncation' | 'backend' | 'signal' | 'onProgress' | 'onWarning'> {}

const { decoder_input_ids: _, ...GENERATION_KINDS } = GENERATE_KINDS;

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
 * Generates the texts of inputs. `read` tokenizes them; it runs when all options are checked. Errors: those of
 * `openSearch`, `read` and `generateAll`.
 */
export async function runGeneration(
  where: string,
  runnable: RunnableModel,
  options: Checked<GenerationTaskOptions>,
  read: (search: OpenSearch) => Promise<readonly SearchSource[]>,
): Promise<readonly Generated[]> {
  const { truncation, onToken, onText, onProgress, onWarning, backend, signal, ...rest } = options;
  const task = where.slice(where.indexOf('/') + 1);
  const search = openSearch(where, runnable, rest, task);
  return withSearchCallbacks({ onToken, onText, onProgress, onWarning }, signal, async (guarded, stop) => {
    const { onWarning: warn, ...callbacks } = guarded;
    for (const sentence of search.idle) warn(`[attn/${where.replace('/', '] ')}: ${sentence}`);
    return generateAll(where, runnable, search, await read(search), { ...callbacks, backend, signal: stop });
  });
}
