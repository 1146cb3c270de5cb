/** `text-generation`: texts that go on. Texts are continued one after another, each token by token. */
import { AttnError } from '@attn/core';
import { aBoolean, aFunction, aString, integer, withCallbacks, type OptionKinds } from '@attn/core/backend';
import { cutTokens } from '../encode/cut-tokens.ts';
import type { Checked, EncodeProgress } from '../encode/options.ts';
import {
  checkRoom,
  continueIds,
  GENERATE_KINDS,
  MAX_NEW_TOKENS,
  openEnd,
  rulesOf,
  type GenerateOptions,
} from '../generate/generate.ts';
import type { GenerationRules } from '../model.ts';
import type { RunnableModel } from '../runnable-model.ts';
import { tokenizeTexts } from '../encode/run-texts.ts';
import { rowLimit } from './over-windows.ts';
import { readSingleText, type SingleText } from './single-text.ts';
import { taskKinds, type TaskOptions } from './task-options.ts';
import type { Task, TaskRunner } from './task.ts';

/** Options of `text-generation`. */
export interface TextGenerationOptions extends Pick<
  TaskOptions,
  'truncation' | 'backend' | 'signal' | 'onProgress' | 'onWarning'
> {
  /** Most tokens to add to a text. Default 64. */
  readonly max_new_tokens?: number;
  /** Whether tokens are drawn, rather than the likeliest taken. Default false. */
  readonly do_sample?: boolean;
  /** Logits are divided by it before a token is drawn. Default 1. */
  readonly temperature?: number;
  /** Draw only from this many of the likeliest tokens; 0 for all. Default 50. */
  readonly top_k?: number;
  /** Draw only from the fewest tokens that together have this probability, in (0, 1]. Default 1. */
  readonly top_p?: number;
  /** Equal seeds draw equal tokens if the logits are equal, for each text by itself. Default 0. */
  readonly seed?: number;
  /** Whether results begin with the text that was given. Default true. */
  readonly return_full_text?: boolean;
  /** Called with each new token, and the place of its text among the inputs. An error ends the call. */
  readonly onToken?: (id: number, input: number) => void;
  /** Called with each piece of new text, as soon as its letters are complete. An error ends the call. */
  readonly onText?: (piece: string, input: number) => void;
}

/** A text that was continued. */
export interface GeneratedText {
  readonly generated_text: string;
}

/** Continues texts, or objects `{ text }`. Each has a list of one result. */
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

/** Options that do nothing unless tokens are drawn. */
const OF_DRAWING = ['temperature', 'top_k', 'top_p', 'seed'] as const;

class Writer implements TaskRunner<string, TextGenerationOptions, readonly GeneratedText[]> {
  readonly kinds: OptionKinds<TextGenerationOptions>;
  private readonly runnable: RunnableModel;
  private readonly rules: GenerationRules;
  private readonly where: string;

  constructor(runnable: RunnableModel, where: string) {
    this.rules = rulesOf(where, runnable.model);
    if (runnable.tokenizer === undefined) {
      const message = 'text-generation needs a tokenizer, and this checkpoint has no files of one';
      throw new AttnError('MISSING_INPUT', where, message);
    }
    this.runnable = runnable;
    this.where = where;
    const { truncation, signal, onProgress, onWarning } = taskKinds(runnable);
    this.kinds = {
      max_new_tokens: GENERATE_KINDS.maxNewTokens,
      do_sample: aBoolean,
      temperature: GENERATE_KINDS.temperature,
      top_k: integer(0),
      top_p: GENERATE_KINDS.topP,
      seed: GENERATE_KINDS.seed,
      return_full_text: aBoolean,
      onToken: aFunction,
      onText: aFunction,
      truncation,
      backend: aString,
      signal,
      onProgress,
      onWarning,
    };
  }

  read(value: unknown, name: string): string {
    return readSingleText(this.where, value, name);
  }

  async run(
    texts: readonly string[],
    options: Checked<TextGenerationOptions>,
  ): Promise<readonly (readonly GeneratedText[])[]> {
    const { where, runnable } = this;
    const { return_full_text: isFull = true, onToken, onText, onWarning = console.warn, signal } = options;
    const idle = OF_DRAWING.find((name) => options.do_sample !== true && options[name] !== undefined);
    if (idle !== undefined)
      onWarning(`[attn/${where.replace('/', '] ')}: ${idle} does nothing without do_sample`);
    const prompts = await this.promptsOf(texts, options);
    // The callbacks of a call are given one thing each.
    const callbacks = {
      onToken: onToken && (({ id, input }: { id: number; input: number }) => onToken(id, input)),
      onText: onText && (({ piece, input }: { piece: string; input: number }) => onText(piece, input)),
    };
    return withCallbacks(callbacks, signal, async (guarded, stop) => {
      const results: (readonly GeneratedText[])[] = [];
      const progress = new TokenProgress(texts.length, options);
      for (const [input, ids] of prompts.entries()) {
        progress.begin(input);
        const { text = '' } = await continueIds(where, runnable, ids, {
          ...this.ruleOf(options),
          signal: stop,
          onToken(id) {
            progress.add();
            guarded.onToken?.({ id, input });
          },
          onText: (piece) => guarded.onText?.({ piece, input }),
        });
        results.push([{ generated_text: isFull ? texts[input] + text : text }]);
      }
      progress.begin(texts.length);
      return results;
    });
  }

  /** The ids of all texts, before the first is continued. Errors: `INVALID_ARGUMENT` (no tokens, no room). */
  private async promptsOf(
    texts: readonly string[],
    options: Checked<TextGenerationOptions>,
  ): Promise<readonly (readonly number[])[]> {
    const { where, runnable } = this;
    const { model, settings } = runnable;
    const name = (i: number): string => (texts.length === 1 ? 'the input' : `input ${i}`);
    const empty = texts.indexOf('');
    if (empty >= 0) openEnd(where, { ids: [] }, '', name(empty));
    const inputs = texts.map((text) => ({ text }));
    const tokenized = await tokenizeTexts(where, runnable, inputs, options);
    return tokenized.map((tokens, i) => {
      const cut = { maxLength: rowLimit(runnable, options), side: settings.cutting?.side ?? 'right' };
      const rest = options.truncation === true ? cutTokens(tokens, cut) : tokens;
      const ids = openEnd(where, rest, texts[i], name(i));
      checkRoom(where, model, ids.length, { maxNewTokens: options.max_new_tokens });
      return ids;
    });
  }

  /** The options as `generate` of a model has them. */
  private ruleOf(
    options: Checked<TextGenerationOptions>,
  ): GenerateOptions & { stopTokens: readonly number[] } {
    const { do_sample: draws = false, temperature = 1, top_k: topK = 50, top_p: topP, seed } = options;
    const sampling = { temperature, seed, topP, topK: topK === 0 ? undefined : topK };
    return {
      maxNewTokens: options.max_new_tokens,
      backend: options.backend,
      stopTokens: [this.rules.eosTokenId].flat(),
      ...(draws ? sampling : { temperature: 0 }),
    };
  }
}

/** How many tokens of all texts are done. A text that ends early is done at once. */
class TokenProgress {
  private readonly tokens: number;
  private readonly total: number;
  private readonly onProgress: ((progress: EncodeProgress) => void) | undefined;
  private done = 0;

  constructor(
    texts: number,
    { max_new_tokens: tokens = MAX_NEW_TOKENS, onProgress }: Checked<TextGenerationOptions>,
  ) {
    this.tokens = tokens;
    this.total = texts * tokens;
    this.onProgress = onProgress;
  }

  /** A text begins; those before it have ended. */
  begin(input: number): void {
    const done = input * this.tokens;
    if (this.total === 0 || (input > 0 && done === this.done)) return;
    this.done = done;
    this.report();
  }

  /** A token has come. */
  add(): void {
    this.done += 1;
    this.report();
  }

  private report(): void {
    this.onProgress?.({ done: this.done, total: this.total, unit: 'tokens' });
  }
}
