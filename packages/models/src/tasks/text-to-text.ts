/** What the tasks of models with an encoder and a decoder have in common: a text is read, another written. */
import { AttnError } from '@attn/core';
import { tokenizeTexts } from '../encode/run-texts.ts';
import type { Checked } from '../encode/options.ts';
import { noTokens } from '../generate/generate.ts';
import { prefixOfTask } from '../generate/generation-config.ts';
import type { RunnableModel } from '../runnable-model.ts';
import type { TokenizedText } from '../tokenizer.ts';
import { generationTokenizer, type GenerationTaskOptions } from './generation-options.ts';
import type { SingleText } from './single-text.ts';
import type { AnswerAll } from './task.ts';

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

/** Checks that a model has an encoder, a decoder and a tokenizer. Errors: `UNSUPPORTED`, `MISSING_INPUT`. */
export function checkTextToText(where: string, runnable: RunnableModel, task: string): void {
  generationTokenizer(where, runnable, task);
  const { architecture, generation } = runnable.model;
  if (generation?.decoder !== undefined) return;
  const message = `${task} needs a model with an encoder and a decoder, such as LEDForConditionalGeneration; ${architecture} continues texts: use text-generation`;
  throw new AttnError('UNSUPPORTED', where, message);
}

/** The prefix that the files put before texts of a task. Errors: `MALFORMED_FILE`. */
export function taskPrefix({ settings: { generation, config = {} } }: RunnableModel, task: string): string {
  return generation ? prefixOfTask(generation, config, task) : '';
}

/** The tokens of texts, each behind a prefix. Errors: `INVALID_ARGUMENT` (an empty text), `ABORTED`. */
export async function tokenizeSources(
  where: string,
  runnable: RunnableModel,
  texts: readonly string[],
  prefix: string,
  options: Pick<Checked<GenerationTaskOptions>, 'signal' | 'onProgress'>,
): Promise<readonly TokenizedText[]> {
  const empty = texts.findIndex((text) => text.trim() === '');
  if (empty >= 0) throw noTokens(where, texts[empty], texts.length === 1 ? 'the input' : `input ${empty}`);
  const inputs = texts.map((text) => ({ text: prefix + text }));
  return tokenizeTexts(where, runnable, inputs, options);
}
