/** `text-generation`: texts that go on, token by token. */
import { AttnError } from '@attn/core';
import { aBoolean, type OptionKinds } from '@attn/core/backend';
import { cutTokens } from '../encode/cut-tokens.ts';
import type { Checked } from '../encode/options.ts';
import { tokenizeTexts } from '../encode/run-texts.ts';
import { noTokens, openEnd } from '../generate/generate.ts';
import { generateAll } from '../generate/open-search.ts';
import type { RunnableModel } from '../runnable-model.ts';
import {
  GENERATION_TASK_KINDS,
  generationTokenizer,
  withGeneration,
  type GenerationTaskOptions,
} from './generation-options.ts';
import { rowLimit } from './over-windows.ts';
import { readSingleText, type SingleText } from './single-text.ts';
import type { Task, TaskRunner } from './task.ts';

/** Options of `text-generation`. */
export interface TextGenerationOptions extends GenerationTaskOptions {
  /** Whether results begin with the text that was given. Default true. */
  readonly return_full_text?: boolean;
}

/** A text that was generated. */
export interface GeneratedText {
  readonly generated_text: string;
}

/** Continues texts, or objects `{ text }`. Each has a list of results, `num_return_sequences` of them. */
export interface GenerateTexts {
  (text: string | SingleText, options?: TextGenerationOptions): Promise<readonly GeneratedText[]>;
  (
    texts: readonly (string | SingleText)[],
    options?: TextGenerationOptions,
  ): Promise<readonly (readonly GeneratedText[])[]>;
}

/** The task `text-generation`. */
export const textGeneration: Task<string, TextGenerationOptions, readonly GeneratedText[], GenerateTexts> = {
  open: (runnable, where) => new Writer(runnable, where),
  call(answer) {
    const generate = async (
      texts: string | SingleText | readonly (string | SingleText)[],
      options: TextGenerationOptions = {},
    ): Promise<readonly GeneratedText[] | readonly (readonly GeneratedText[])[]> => {
      const isMany = Array.isArray(texts);
      const answers = await answer(isMany ? texts : [texts], options);
      return isMany ? answers : answers[0];
    };
    return generate as GenerateTexts;
  },
};

class Writer implements TaskRunner<string, TextGenerationOptions, readonly GeneratedText[]> {
  readonly kinds: OptionKinds<TextGenerationOptions> = {
    ...GENERATION_TASK_KINDS,
    return_full_text: aBoolean,
  };
  private readonly runnable: RunnableModel;
  private readonly where: string;

  constructor(runnable: RunnableModel, where: string) {
    generationTokenizer(where, runnable, 'text-generation');
    const { architecture, generation } = runnable.model;
    if (generation?.decoder !== undefined) {
      const message = `text-generation continues texts, and ${architecture} answers them: use text2text-generation or summarization`;
      throw new AttnError('UNSUPPORTED', where, message);
    }
    this.runnable = runnable;
    this.where = where;
  }

  read(value: unknown, name: string): string {
    return readSingleText(this.where, value, name);
  }

  async run(
    texts: readonly string[],
    { return_full_text: isFull = true, ...options }: Checked<TextGenerationOptions>,
  ): Promise<readonly (readonly GeneratedText[])[]> {
    const { where, runnable } = this;
    const results = await withGeneration(where, runnable, options, async (search, callbacks) => {
      const prompts = await this.promptsOf(texts, { ...options, ...callbacks });
      const sources = prompts.map((ids) => search.sourceOf(ids));
      return generateAll(where, runnable, search, sources, callbacks);
    });
    return results.map(({ sequences }, input) =>
      sequences.map(({ text = '' }) => ({ generated_text: isFull ? texts[input] + text : text })),
    );
  }

  /** The ids of all texts, before the first is continued. Errors: `INVALID_ARGUMENT` (no tokens). */
  private async promptsOf(
    texts: readonly string[],
    options: Pick<Checked<TextGenerationOptions>, 'signal' | 'onProgress' | 'truncation'>,
  ): Promise<readonly (readonly number[])[]> {
    const { where, runnable } = this;
    const name = (i: number): string => (texts.length === 1 ? 'the input' : `input ${i}`);
    const empty = texts.indexOf('');
    if (empty >= 0) throw noTokens(where, '', name(empty));
    const inputs = texts.map((text) => ({ text }));
    const tokenized = await tokenizeTexts(where, runnable, inputs, options);
    const cut = { maxLength: rowLimit(runnable, options), side: runnable.settings.cutting?.side ?? 'right' };
    return tokenized.map((tokens, i) =>
      openEnd(where, options.truncation === true ? cutTokens(tokens, cut) : tokens, texts[i], name(i)),
    );
  }
}
