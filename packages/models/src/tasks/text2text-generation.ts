/** `text2text-generation`: what a model with an encoder and a decoder answers to a text. */
import type { Checked } from '../encode/options.ts';
import { generateAll } from '../generate/open-search.ts';
import { withGeneration, type GenerationTaskOptions } from './generation-options.ts';
import type { Task } from './task.ts';
import type { GeneratedText } from './text-generation.ts';
import { callOfTexts, TextWriter, type TextToText } from './text-to-text.ts';

/** Options of `text2text-generation`. */
export interface Text2TextOptions extends GenerationTaskOptions {
  /** Whether a text that is too long is cut. Default false: it is refused. */
  readonly truncation?: boolean;
}

/** Answers texts, or objects `{ text }`. */
export type AnswerTexts = TextToText<Text2TextOptions, GeneratedText>;

/** The task `text2text-generation`. */
export const text2textGeneration: Task<string, Text2TextOptions, readonly GeneratedText[], AnswerTexts> = {
  open: (runnable, where) => new Answerer(where, runnable, 'text2text-generation'),
  call: callOfTexts,
};

class Answerer extends TextWriter<readonly GeneratedText[]> {
  async run(
    texts: readonly string[],
    options: Checked<Text2TextOptions>,
  ): Promise<readonly (readonly GeneratedText[])[]> {
    const { where, runnable } = this;
    const results = await withGeneration(where, runnable, options, async (search, callbacks) => {
      const tokenized = await this.sources(texts, options, callbacks);
      const sources = tokenized.map(({ ids }) => search.sourceOf(ids));
      return generateAll(where, runnable, search, sources, callbacks);
    });
    return results.map(({ sequences }) => sequences.map(({ text = '' }) => ({ generated_text: text })));
  }
}
