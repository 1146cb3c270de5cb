/**
 * `summarization`: what a text says, in fewer words. A text that is longer than the model is read in parts:
 * their summaries, one behind the other, are the text of the next round, until one summary is left.
 */
import type { Checked } from '../encode/options.ts';
import type { SearchCallbacks } from '../generate/open-search.ts';
import { withGeneration, type GenerationTaskOptions } from './generation-options.ts';
import { rowLimit } from './over-windows.ts';
import { SummaryRounds } from './summary-rounds.ts';
import type { Task } from './task.ts';
import { callOfTexts, TextWriter, type TextToText } from './text-to-text.ts';

/** Options of `summarization`. */
export interface SummarizationOptions extends GenerationTaskOptions {
  /**
   * Whether a text that is too long is cut. Default false: it is read in parts, whose summaries are
   * summarised again. Only the last round calls `onToken` and `onText`.
   */
  readonly truncation?: boolean;
}

/** The summary of a text. */
export interface Summary {
  readonly summary_text: string;
}

/** Summarises texts, or objects `{ text }`. */
export type SummarizeTexts = TextToText<SummarizationOptions, Summary>;

/** The task `summarization`. */
export const summarization: Task<string, SummarizationOptions, readonly Summary[], SummarizeTexts> = {
  open: (runnable, where) => new Summarizer(where, runnable, 'summarization'),
  call: callOfTexts,
};

class Summarizer extends TextWriter<readonly Summary[]> {
  async run(
    texts: readonly string[],
    options: Checked<SummarizationOptions>,
  ): Promise<readonly (readonly Summary[])[]> {
    const { where, runnable, prefix } = this;
    const results = await withGeneration(where, runnable, options, async (search, callbacks) => {
      const sources = await this.sources(texts, options, callbacks);
      const rule = { maxLength: rowLimit(runnable, options), prefix: await this.prefixIds(callbacks) };
      const rounds = new SummaryRounds({ where, runnable, search, rule, callbacks }, async (text) => {
        const [tokens] = await this.tokenize([text], prefix, { signal: callbacks.signal });
        return tokens;
      });
      return rounds.summarise(sources);
    });
    return results.map(({ sequences }) => sequences.map(({ text = '' }) => ({ summary_text: text })));
  }

  /** The ids of the prefix, without special tokens. */
  private async prefixIds({ signal }: Pick<SearchCallbacks, 'signal'>): Promise<readonly number[]> {
    const { prefix } = this;
    if (prefix.trim() === '') return [];
    const [{ ids, sequences }] = await this.tokenize([prefix], '', { signal });
    return sequences === undefined ? ids : ids.filter((_, at) => sequences[at] !== null);
  }
}
