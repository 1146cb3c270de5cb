/**
 * `text-classification`: the labels of a text. The score of a text in windows is the mean of the windows'
 * scores, each by the number of the text's tokens that count as its own.
 */
import { either, integer, oneOf, type OptionKinds } from '@attn/core/backend';
import type { Checked } from '../encode/options.ts';
import type { RunnableModel } from '../runnable-model.ts';
import type { TextInput } from '../tokenizer.ts';
import { checkClassifier } from './check-classifier.ts';
import { applyFunction, labelsOf, SCORE_FUNCTIONS, scoreFunctionOf, type ScoreFunction } from './labels.ts';
import { overWindows, tokensCounted } from './over-windows.ts';
import { ScoreMean } from './score-mean.ts';
import { largest } from '../encode/scores.ts';
import { taskKinds, type TaskOptions } from './task-options.ts';
import type { Task, TaskRunner } from './task.ts';
import { readText, type TextPair } from './text-input.ts';

/** Options of `text-classification`. */
export interface TextClassificationOptions extends TaskOptions {
  /** How many labels are returned, those of the highest scores first; null for all. Default 1. */
  readonly top_k?: number | null;
  /**
   * What becomes of the logits. Default: what the config's `problem_type` says; without it `sigmoid` of one
   * label, `softmax` of several.
   */
  readonly function_to_apply?: ScoreFunction;
}

/** A label of a text. */
export interface LabelScore {
  readonly label: string;
  readonly score: number;
  /** In how many windows the text was read; absent where it was read as a whole. */
  readonly windows?: number;
}

/**
 * Labels texts, and pairs `{ text, text_pair }`. A single text has a list of `top_k` labels. Of many texts,
 * each has a list; with the default `top_k` of 1, all their labels are one list.
 */
export interface ClassifyTexts {
  (text: string | TextPair, options?: TextClassificationOptions): Promise<LabelScore[]>;
  (
    texts: readonly (string | TextPair)[],
    options?: TextClassificationOptions & { readonly top_k?: 1 },
  ): Promise<LabelScore[]>;
  (
    texts: readonly (string | TextPair)[],
    options: TextClassificationOptions & { readonly top_k: number | null },
  ): Promise<LabelScore[][]>;
}

/** The task `text-classification`. */
export const textClassification: Task<
  TextInput,
  TextClassificationOptions,
  readonly LabelScore[],
  ClassifyTexts
> = {
  open: (runnable, where) => new TextClassifier(runnable, where),
  call(answer) {
    const classify = async (
      texts: string | TextPair | readonly (string | TextPair)[],
      options: TextClassificationOptions = {},
    ): Promise<readonly (LabelScore | readonly LabelScore[])[]> => {
      const isMany = Array.isArray(texts);
      const answers = await answer(isMany ? texts : [texts], options);
      if (!isMany) return answers[0];
      return (options.top_k ?? 1) === 1 && options.top_k !== null ? answers.flat() : answers;
    };
    return classify as ClassifyTexts;
  },
};

class TextClassifier implements TaskRunner<TextInput, TextClassificationOptions, readonly LabelScore[]> {
  readonly kinds: OptionKinds<TextClassificationOptions>;
  private readonly runnable: RunnableModel;
  private readonly where: string;

  constructor(runnable: RunnableModel, where: string) {
    checkClassifier(where, runnable.model, 'text-classification');
    this.runnable = runnable;
    this.where = where;
    this.kinds = {
      top_k: either(integer(1), oneOf(null)),
      function_to_apply: oneOf(...SCORE_FUNCTIONS),
      ...taskKinds(runnable),
    };
  }

  read(value: unknown, name: string): TextInput {
    return readText(this.where, value, name);
  }

  async run(
    inputs: readonly TextInput[],
    options: Checked<TextClassificationOptions>,
  ): Promise<readonly (readonly LabelScore[])[]> {
    const { config = {} } = this.runnable.settings;
    const { top_k: topK = 1, function_to_apply: name } = options;
    const means = inputs.map(() => new ScoreMean());
    const { windowCounts } = await overWindows(
      this.where,
      this.runnable,
      inputs,
      options,
      {},
      (window, _, { logits }, row) => {
        const count = logits.shape[1];
        const scores = applyFunction(
          logits.data.subarray(row * count, (row + 1) * count) as Float32Array,
          name ?? scoreFunctionOf(config, count),
        );
        means[window.text].add(scores, tokensCounted(window));
      },
    );
    return means.map((mean, i) => {
      const scores = mean.scores();
      const labels = labelsOf(config, scores.length);
      const windows = windowCounts[i] > 1 ? { windows: windowCounts[i] } : {};
      const places = largest(scores, topK ?? scores.length);
      return places.map((id) => ({ label: labels[id], score: scores[id], ...windows }));
    });
  }
}
