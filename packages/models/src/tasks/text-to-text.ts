/** What the tasks of models with an encoder and a decoder have in common: a text is read, another written. */
import { AttnError } from '@attn/core';
import type { OptionKinds } from '@attn/core/backend';
import { cutTokens } from '../encode/cut-tokens.ts';
import type { Checked } from '../encode/options.ts';
import { tokenizeTexts } from '../encode/run-texts.ts';
import { noTokens } from '../generate/generate.ts';
import { prefixOfTask } from '../generate/generation-config.ts';
import type { SearchCallbacks } from '../generate/open-search.ts';
import type { RunnableModel } from '../runnable-model.ts';
import type { TokenizedText } from '../tokenizer.ts';
import {
  generationTokenizer,
  GENERATION_TASK_KINDS,
  type GenerationTaskOptions,
} from './generation-options.ts';
import { rowLimit } from './over-windows.ts';
import { readSingleText, type SingleText } from './single-text.ts';
import type { AnswerAll, TaskRunner } from './task.ts';

/** Calls a task that makes texts `T` of texts, or of objects `{ text }`. */
export interface TextToText<O extends GenerationTaskOptions, T> {
  /** The results for one text: `num_return_sequences` of them, by default one. */
  (text: string | SingleText, options?: O): Promise<readonly T[]>;
  /** The results for several texts, one for each. */
  (
    texts: readonly (string | SingleText)[],
    options?: O & { readonly num_return_sequences?: undefined },
  ): Promise<readonly T[]>;
  /** Where `num_return_sequences` is there, even if it is 1, a list for each text. */
  (
    texts: readonly (string | SingleText)[],
    options: O & { readonly num_return_sequences: number },
  ): Promise<readonly (readonly T[])[]>;
}

/** The function of a pipeline, from what answers several inputs. */
export function callOfTexts<O extends GenerationTaskOptions, T>(
  answer: AnswerAll<O, readonly T[]>,
): TextToText<O, T> {
  const call = async (
    texts: string | SingleText | readonly (string | SingleText)[],
    options?: O,
  ): Promise<readonly T[] | readonly (readonly T[])[]> => {
    if (!Array.isArray(texts)) return (await answer([texts], options))[0];
    const answers = await answer(texts, options);
    return options?.num_return_sequences === undefined ? answers.flat() : answers;
  };
  return call as TextToText<O, T>;
}

/** A task of a model with an encoder and a decoder: `R` is what it makes of a text. */
export abstract class TextWriter<R> implements TaskRunner<string, GenerationTaskOptions, R> {
  readonly kinds: OptionKinds<GenerationTaskOptions> = GENERATION_TASK_KINDS;
  protected readonly runnable: RunnableModel;
  protected readonly where: string;
  /** What the files put before texts of the task. */
  protected readonly prefix: string;

  /** Errors: `UNSUPPORTED` (a model without a decoder), `MISSING_INPUT` (no tokenizer), `MALFORMED_FILE`. */
  constructor(where: string, runnable: RunnableModel, task: string) {
    checkTextToText(where, runnable, task);
    const { generation, config = {} } = runnable.settings;
    this.runnable = runnable;
    this.where = where;
    this.prefix = generation ? prefixOfTask(generation, config, task) : '';
  }

  read(value: unknown, name: string): string {
    return readSingleText(this.where, value, name);
  }

  abstract run(texts: readonly string[], options: Checked<GenerationTaskOptions>): Promise<readonly R[]>;

  /** The tokens of texts, cut where the options wish it. Errors: those of `tokenize`. */
  protected async sources(
    texts: readonly string[],
    options: Checked<GenerationTaskOptions>,
    callbacks: SearchCallbacks,
  ): Promise<readonly TokenizedText[]> {
    const { runnable } = this;
    const tokenized = await this.tokenize(texts, this.prefix, callbacks);
    if (options.truncation !== true) return tokenized;
    const cut = { maxLength: rowLimit(runnable, options), side: runnable.settings.cutting?.side ?? 'right' };
    return tokenized.map((tokens) => cutTokens(tokens, cut));
  }

  /** The tokens of texts, each behind a prefix. Errors: `INVALID_ARGUMENT` (an empty text), `ABORTED`. */
  protected async tokenize(
    texts: readonly string[],
    prefix: string,
    callbacks: Pick<SearchCallbacks, 'signal' | 'onProgress'>,
  ): Promise<readonly TokenizedText[]> {
    const { where, runnable } = this;
    const empty = texts.findIndex((text) => text.trim() === '');
    if (empty >= 0) throw noTokens(where, texts[empty], texts.length === 1 ? 'the input' : `input ${empty}`);
    const inputs = texts.map((text) => ({ text: prefix + text }));
    return tokenizeTexts(where, runnable, inputs, callbacks);
  }
}

/** Checks that a model has an encoder, a decoder and a tokenizer. Errors: `UNSUPPORTED`, `MISSING_INPUT`. */
function checkTextToText(where: string, runnable: RunnableModel, task: string): void {
  generationTokenizer(where, runnable, task);
  const { architecture, generation } = runnable.model;
  if (generation?.decoder !== undefined) return;
  const message = `${task} needs a model with an encoder and a decoder, such as LEDForConditionalGeneration; ${architecture} continues texts: use text-generation`;
  throw new AttnError('UNSUPPORTED', where, message);
}
