/** `text2text-generation`: what a model with an encoder and a decoder answers to a text. */
import type { OptionKinds } from '@attn/core/backend';
import { cutTokens } from '../encode/cut-tokens.ts';
import type { Checked } from '../encode/options.ts';
import { generateAll } from '../generate/open-search.ts';
import type { RunnableModel } from '../runnable-model.ts';
import { GENERATION_TASK_KINDS, withGeneration, type GenerationTaskOptions } from './generation-options.ts';
import { rowLimit } from './over-windows.ts';
import { readSingleText } from './single-text.ts';
import type { Task, TaskRunner } from './task.ts';
import type { GeneratedText } from './text-generation.ts';
import {
  callOfTexts,
  checkTextToText,
  taskPrefix,
  tokenizeSources,
  type TextToText,
} from './text-to-text.ts';

/** Options of `text2text-generation`. */
export interface Text2TextOptions extends GenerationTaskOptions {
  /** Whether a text that is too long is cut. Default false: it is refused. */
  readonly truncation?: boolean;
}

/** Answers texts, or objects `{ text }`. */
export type AnswerTexts = TextToText<Text2TextOptions, GeneratedText>;

/** The task `text2text-generation`. */
export const text2textGeneration: Task<string, Text2TextOptions, readonly GeneratedText[], AnswerTexts> = {
  open: (runnable, where) => new Answerer(runnable, where),
  call: callOfTexts,
};

const TASK = 'text2text-generation';

class Answerer implements TaskRunner<string, Text2TextOptions, readonly GeneratedText[]> {
  readonly kinds: OptionKinds<Text2TextOptions> = GENERATION_TASK_KINDS;
  private readonly runnable: RunnableModel;
  private readonly where: string;
  private readonly prefix: string;

  constructor(runnable: RunnableModel, where: string) {
    checkTextToText(where, runnable, TASK);
    this.runnable = runnable;
    this.where = where;
    this.prefix = taskPrefix(runnable, TASK);
  }

  read(value: unknown, name: string): string {
    return readSingleText(this.where, value, name);
  }

  async run(
    texts: readonly string[],
    options: Checked<Text2TextOptions>,
  ): Promise<readonly (readonly GeneratedText[])[]> {
    const { where, runnable, prefix } = this;
    const cut = { maxLength: rowLimit(runnable, options), side: runnable.settings.cutting?.side ?? 'right' };
    const results = await withGeneration(where, runnable, options, async (search, callbacks) => {
      const all = await tokenizeSources(where, runnable, texts, prefix, callbacks);
      const rest = options.truncation === true ? all.map((tokens) => cutTokens(tokens, cut)) : all;
      const sources = rest.map(({ ids }) => search.sourceOf(ids));
      return generateAll(where, runnable, search, sources, callbacks);
    });
    return results.map(({ sequences }) => sequences.map(({ text = '' }) => ({ generated_text: text })));
  }
}
