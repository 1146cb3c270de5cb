/**
 * `zero-shot-classification`: labels that the model has never seen, each as a hypothesis that follows from
 * the text or not. Of a long text every window has the whole hypothesis, all labels are scored in the same
 * windows, and the scores are the mean over these, each by the number of the text's tokens that count as its
 * own.
 */
import { AttnError } from '@attn/core';
import {
  aBoolean,
  aString,
  checkOptions,
  required,
  show,
  type Kind,
  type OptionKinds,
} from '@attn/core/backend';
import type { Checked } from '../encode/options.ts';
import type { TextWindow } from '../encode/windows.ts';
import type { RunnableModel } from '../runnable-model.ts';
import type { TokenizedText } from '../tokenizer.ts';
import { checkClassifier } from './check-classifier.ts';
import { runAll, tokenizeTexts } from '../encode/run-texts.ts';
import { fitTokens, rowLimit, tokensCounted } from './over-windows.ts';
import { ScoreMean } from './score-mean.ts';
import { softmax } from '../encode/scores.ts';
import { taskKinds, type TaskOptions } from './task-options.ts';
import type { Task, TaskRunner } from './task.ts';
import { entailmentIds, type EntailmentIds } from './zero-shot/entailment.ts';
import { evenWindows } from './zero-shot/even-windows.ts';

/** Options of `zero-shot-classification`. */
export interface ZeroShotOptions extends TaskOptions {
  /** The sentence that a label makes, in the place of `{}`. Default `This example is {}.` */
  readonly hypothesis_template?: string;
  /** Whether several labels may be true: each has a score of its own, from 0 to 1. Default false. */
  readonly multi_label?: boolean;
}

/** A text, and the labels that it may have. */
export interface LabelledText {
  readonly text: string;
  /** One label or several. */
  readonly labels: string | readonly string[];
}

/** The labels of a text. */
export interface ZeroShotAnswer {
  /** The text. */
  readonly sequence: string;
  /** All labels, those of the highest scores first. */
  readonly labels: readonly string[];
  /** The score of each label; they sum to 1, unless several may be true. */
  readonly scores: readonly number[];
  /** In how many windows the text was read; absent where it was read as a whole. */
  readonly windows?: number;
}

/** Scores candidate labels of texts; in objects `{ text, labels }`, each text has labels of its own. */
export interface ClassifyZeroShot {
  (
    text: string,
    candidate_labels: string | readonly string[],
    options?: ZeroShotOptions,
  ): Promise<ZeroShotAnswer>;
  (
    texts: readonly string[],
    candidate_labels: string | readonly string[],
    options?: ZeroShotOptions,
  ): Promise<readonly ZeroShotAnswer[]>;
  (text: LabelledText, options?: ZeroShotOptions): Promise<ZeroShotAnswer>;
  (texts: readonly LabelledText[], options?: ZeroShotOptions): Promise<readonly ZeroShotAnswer[]>;
}

/** A text and its labels, read. */
interface Labelled {
  readonly text: string;
  readonly labels: readonly string[];
}

/** The task `zero-shot-classification`. */
export const zeroShotClassification: Task<Labelled, ZeroShotOptions, ZeroShotAnswer, ClassifyZeroShot> = {
  open: (runnable, where) => new ZeroShotClassifier(runnable, where),
  call(answer) {
    const classify = async (
      texts: unknown,
      ...rest: readonly unknown[]
    ): Promise<ZeroShotAnswer | readonly ZeroShotAnswer[]> => {
      const [first] = rest;
      const isLabels = rest.length > 1 || typeof first === 'string' || Array.isArray(first);
      const options = rest[isLabels ? 1 : 0] as ZeroShotOptions | undefined;
      const withLabels = (text: unknown): unknown =>
        isLabels && typeof text === 'string' ? { text, labels: first } : text;
      if (!Array.isArray(texts)) return (await answer([withLabels(texts)], options))[0];
      return answer(texts.map(withLabels), options);
    };
    return classify as ClassifyZeroShot;
  },
};

const someLabels: Kind = {
  expected: 'a label or a list of at least one label',
  test: (value) =>
    typeof value === 'string' ||
    (Array.isArray(value) && value.length > 0 && value.every((label) => typeof label === 'string')),
};

const LABELLED: OptionKinds<LabelledText> = { text: required(aString), labels: required(someLabels) };

const aTemplate: Kind = {
  expected: 'a text with {} in the place of the label',
  test: (value) => typeof value === 'string' && value.includes('{}'),
};

/** What the model says of a hypothesis in a window. */
interface Verdict {
  readonly entailment: number;
  readonly contradiction: number;
}

/** A window of a pair: its place among the windows of its text. */
interface PlacedWindow extends TextWindow {
  readonly place: number;
}

class ZeroShotClassifier implements TaskRunner<Labelled, ZeroShotOptions, ZeroShotAnswer> {
  readonly kinds: OptionKinds<ZeroShotOptions>;
  private readonly runnable: RunnableModel;
  private readonly where: string;

  constructor(runnable: RunnableModel, where: string) {
    checkClassifier(where, runnable.model, 'zero-shot-classification');
    this.runnable = runnable;
    this.where = where;
    this.kinds = { hypothesis_template: aTemplate, multi_label: aBoolean, ...taskKinds(runnable) };
  }

  read(value: unknown, name: string): Labelled {
    const isObject = typeof value === 'object' && value !== null && !Array.isArray(value);
    if (!isObject) {
      const message = `${name} must be { text, labels }, or a text beside labels, got ${show(value)}`;
      throw new AttnError('INVALID_ARGUMENT', this.where, message);
    }
    const { text, labels } = checkOptions(this.where, value as LabelledText, LABELLED, { name });
    return { text, labels: [labels].flat() };
  }

  async run(
    inputs: readonly Labelled[],
    options: Checked<ZeroShotOptions>,
  ): Promise<readonly ZeroShotAnswer[]> {
    const { where, runnable } = this;
    const { hypothesis_template: template = 'This example is {}.', multi_label: areMany = false } = options;
    const pairs = inputs.flatMap(({ text, labels }) =>
      labels.map((label) => ({ text, pair: template.replaceAll('{}', () => label) })),
    );
    const tokenized = await tokenizeTexts(where, runnable, pairs, options);
    const windows = options.truncation
      ? fitTokens(where, runnable, tokenized, options, { cutText: 0 }).windows.map((window) => [window])
      : this.splitTexts(inputs, tokenized, options);
    const verdicts: Verdict[][] = pairs.map(() => []);
    let ids: EntailmentIds | undefined;
    const rows = windows.flatMap((own) => own.map((window, place): PlacedWindow => ({ ...window, place })));
    await runAll(where, runnable, rows, options, ({ text, place }, { logits: { data, shape } }, row) => {
      const [, count] = shape;
      ids ??= entailmentIds(runnable.settings.config ?? {}, count);
      const at = (id: number): number => Number(data[row * count + id]);
      verdicts[text][place] = { entailment: at(ids.entailment), contradiction: at(ids.contradiction) };
    });
    let from = 0;
    return inputs.map((input) => {
      const to = from + input.labels.length;
      const tokens = windows[from].map(tokensCounted);
      const answer = answerOf(input, verdicts.slice(from, to), tokens, areMany);
      from = to;
      return answer;
    });
  }

  /** The windows of each pair; those of all labels of a text cut it at the same places. */
  private splitTexts(
    inputs: readonly Labelled[],
    tokenized: readonly TokenizedText[],
    options: Checked<ZeroShotOptions>,
  ): readonly (readonly TextWindow[])[] {
    let from = 0;
    return inputs.flatMap(({ labels }, i) => {
      const first = from;
      from += labels.length;
      const windows = evenWindows(this.where, tokenized.slice(first, from), {
        maxLength: rowLimit(this.runnable, options),
        overlap: options.overlap,
        name: `${inputs.length === 1 ? 'the input' : `input ${i}`} and its longest label`,
      });
      return windows.map((own) => own.map((window) => ({ ...window, text: first + window.text })));
    });
  }
}

/** The answer of the verdicts of each label in each window. `tokens` are those that a window speaks for. */
function answerOf(
  { text: sequence, labels }: Labelled,
  verdicts: readonly (readonly Verdict[])[],
  tokens: readonly number[],
  areMany: boolean,
): ZeroShotAnswer {
  const mean = new ScoreMean();
  for (const [window, weight] of tokens.entries()) {
    const row = verdicts.map((own) => own[window]);
    mean.add(
      areMany || labels.length === 1 ? row.map(followsAlone) : softmax(row.map((v) => v.entailment)),
      weight,
    );
  }
  const scores = mean.scores();
  // Of equal scores the later label is first, as in the original.
  const order = labels.map((_, k) => k).toSorted((a, b) => scores[b] - scores[a] || b - a);
  return {
    sequence,
    labels: order.map((k) => labels[k]),
    scores: order.map((k) => scores[k]),
    ...(tokens.length > 1 && { windows: tokens.length }),
  };
}

/** How sure a hypothesis follows, by itself. */
function followsAlone({ entailment, contradiction }: Verdict): number {
  return softmax([contradiction, entailment])[1];
}
