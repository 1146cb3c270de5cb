/**
 * `token-classification`: the labels of a text's tokens, and the entities that they make. A token of a text
 * in windows has the label of the window in which it stands deepest, and entities are made of the whole text.
 */
import { AttnError } from '@attn/core';
import { show, type OptionKinds } from '@attn/core/backend';
import type { Checked } from '../../encode/options.ts';
import type { RunnableModel } from '../../runnable-model.ts';
import { classifiesTokens } from '../../sentence/settings.ts';
import type { TextTokenizer, TokenizedText } from '../../tokenizer.ts';
import { labelsOf } from '../labels.ts';
import { overTokens, tokensCounted } from '../over-windows.ts';
import type { Task, TaskRunner } from '../task.ts';
import { Calibration } from './calibration.ts';
import { classifyTokens, type ClassifyTokens } from './call.ts';
import type { Entity } from './entities.ts';
import { planOf, tokenKinds, type Plan, type TokenClassificationOptions } from './options.ts';
import { readerOf, type TextReader } from './text-readers.ts';
import { TextTokens } from './text-tokens.ts';
import { readTokenText, tokenizeWholeTexts, tokenizeWords, type TextWithTokens } from './token-texts.ts';

export type { ClassifyTokens } from './call.ts';
export type { EntitiesOf, Entity, EntityGroup, TokenEntity } from './entities.ts';
export type { AggregationStrategy, TokenClassificationOptions } from './options.ts';
export type { TokenText } from './token-texts.ts';

type TextOrWords = string | readonly string[];

/** The task `token-classification`. */
export const tokenClassification: Task<
  TextOrWords,
  TokenClassificationOptions,
  readonly Entity[],
  ClassifyTokens
> = {
  open: (runnable, where) => new TokenClassifier(runnable, where),
  call: classifyTokens,
};

class TokenClassifier implements TaskRunner<TextOrWords, TokenClassificationOptions, readonly Entity[]> {
  readonly kinds: OptionKinds<TokenClassificationOptions>;
  private readonly runnable: RunnableModel;
  private readonly tokenizer: TextTokenizer;
  private readonly calibration: Calibration;
  private readonly where: string;

  constructor(runnable: RunnableModel, where: string) {
    const { model, tokenizer } = runnable;
    if (!classifiesTokens(model)) {
      const message = `token-classification needs a model for token classification, got ${model.architecture}`;
      throw new AttnError('UNSUPPORTED', where, message);
    }
    if (tokenizer === undefined) {
      const message = 'token-classification needs a tokenizer, and this checkpoint has no files of one';
      throw new AttnError('MISSING_INPUT', where, message);
    }
    this.runnable = runnable;
    this.tokenizer = tokenizer;
    this.where = where;
    this.calibration = new Calibration(runnable, where);
    this.kinds = tokenKinds(runnable);
  }

  read(value: unknown, name: string): TextOrWords {
    return readTokenText(this.where, value, name);
  }

  async run(
    inputs: readonly TextOrWords[],
    options: Checked<TokenClassificationOptions>,
  ): Promise<readonly (readonly Entity[])[]> {
    const plan = planOf(this.where, this.calibration, options);
    const texts = await this.tokenized(inputs, plan, options);
    const places = texts.flatMap(({ tokens }, place) => (tokens === undefined ? [] : [place]));
    const answers = inputs.map((): readonly Entity[] => []);
    await this.readAll(
      texts.flatMap(({ tokens }) => tokens ?? []),
      options,
      plan,
      {
        textOf: (index) => texts[places[index]].text,
        finish: (index, entities) => (answers[places[index]] = entities),
      },
    );
    return answers;
  }

  private tokenized(
    inputs: readonly TextOrWords[],
    { delimiter }: Plan,
    options: Checked<TokenClassificationOptions>,
  ): Promise<readonly TextWithTokens[]> {
    const { where, runnable } = this;
    const wrong = inputs.findIndex((input) => (typeof input === 'string') !== (delimiter === undefined));
    if (wrong >= 0) {
      const name = inputs.length === 1 ? 'the input' : `input ${wrong}`;
      const expected = delimiter === undefined ? 'a text' : 'a list of words';
      const reason = `is_split_into_words is ${delimiter !== undefined}`;
      const message = `${name} must be ${expected}, because ${reason}, got ${show(inputs[wrong])}`;
      throw new AttnError('INVALID_ARGUMENT', where, message);
    }
    return delimiter === undefined
      ? tokenizeWholeTexts(where, runnable, inputs as readonly string[], options)
      : tokenizeWords(where, runnable, inputs as readonly (readonly string[])[], delimiter, options);
  }

  /** Reads all texts. What is kept of one ends with its last window. */
  private async readAll(
    tokenized: readonly TokenizedText[],
    options: Checked<TokenClassificationOptions>,
    plan: Plan,
    {
      textOf,
      finish,
    }: {
      readonly textOf: (index: number) => string;
      readonly finish: (index: number, entities: readonly Entity[]) => void;
    },
  ): Promise<void> {
    const { where, runnable, tokenizer } = this;
    const { config = {} } = runnable.settings;
    const open = new Map<number, { readonly reader: TextReader; remaining: number }>();
    const rule = { stride: plan.stride };
    await overTokens(where, runnable, tokenized, options, rule, (window, own, { logits }, row) => {
      const [, length, count] = logits.shape;
      let state = open.get(window.text);
      if (state === undefined) {
        const tokens = new TextTokens(where, textOf(window.text), own, tokenizer);
        state = {
          reader: readerOf(tokens, labelsOf(config, count), plan),
          remaining: tokens.to - tokens.from,
        };
        open.set(window.text, state);
      }
      const first = row * length * count;
      state.reader.add(
        window,
        logits.data.subarray(first, first + window.ids.length * count) as Float32Array,
      );
      state.remaining -= tokensCounted(window);
      if (state.remaining > 0) return;
      open.delete(window.text);
      finish(window.text, state.reader.entities());
    });
  }
}
