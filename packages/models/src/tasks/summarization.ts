/**
 * `summarization`: what a text says, in fewer words. A text that is longer than the model is read in parts:
 * their summaries, one behind the other, are the text of the next round, until one summary is left.
 */
import type { OptionKinds } from '@attn/core/backend';
import { cutTokens } from '../encode/cut-tokens.ts';
import type { Checked } from '../encode/options.ts';
import type { SearchCallbacks } from '../generate/open-search.ts';
import type { RunnableModel } from '../runnable-model.ts';
import { GENERATION_TASK_KINDS, withGeneration, type GenerationTaskOptions } from './generation-options.ts';
import { rowLimit } from './over-windows.ts';
import { readSingleText } from './single-text.ts';
import { SummaryRounds } from './summary-rounds.ts';
import type { Task, TaskRunner } from './task.ts';
import {
  callOfTexts,
  checkTextToText,
  taskPrefix,
  tokenizeSources,
  type TextToText,
} from './text-to-text.ts';

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
  open: (runnable, where) => new Summarizer(runnable, where),
  call: callOfTexts,
};

const TASK = 'summarization';

class Summarizer implements TaskRunner<string, SummarizationOptions, readonly Summary[]> {
  readonly kinds: OptionKinds<SummarizationOptions> = GENERATION_TASK_KINDS;
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
    options: Checked<SummarizationOptions>,
  ): Promise<readonly (readonly Summary[])[]> {
    const { where, runnable, prefix } = this;
    const results = await withGeneration(where, runnable, options, async (search, callbacks) => {
      const tokenized = await tokenizeSources(where, runnable, texts, prefix, callbacks);
      const rule = { maxLength: rowLimit(runnable, options), prefix: await this.prefixIds(callbacks) };
      const side = runnable.settings.cutting?.side ?? 'right';
      const all =
        options.truncation === true
          ? tokenized.map((tokens) => cutTokens(tokens, { ...rule, side }))
          : tokenized;
      const rounds = new SummaryRounds({ where, runnable, search, rule, callbacks }, async (text) => {
        const [tokens] = await tokenizeSources(where, runnable, [text], prefix, { signal: callbacks.signal });
        return tokens;
      });
      return rounds.summarise(all);
    });
    return results.map(({ sequences }) => sequences.map(({ text = '' }) => ({ summary_text: text })));
  }

  /** The ids of the prefix, without special tokens. */
  private async prefixIds({ signal }: Pick<SearchCallbacks, 'signal'>): Promise<readonly number[]> {
    const { where, runnable, prefix } = this;
    if (prefix.trim() === '') return [];
    const [{ ids, sequences }] = await tokenizeSources(where, runnable, [prefix], '', { signal });
    return sequences === undefined ? ids : ids.filter((_, at) => sequences[at] !== null);
  }
}
