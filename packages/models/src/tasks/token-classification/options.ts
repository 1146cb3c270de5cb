/** The options of `token-classification`, and what they ask for together. */
import { AttnError } from '@attn/core';
import { aBoolean, aString, integer, listOf, oneOf, show, type OptionKinds } from '@attn/core/backend';
import type { Checked } from '../../encode/options.ts';
import type { RunnableModel } from '../../runnable-model.ts';
import type { TransitionBiases } from '../../spans/viterbi.ts';
import { taskKinds, type TaskOptions } from '../task-options.ts';
import type { Calibration } from './calibration.ts';

/** How tokens become entities. */
export type AggregationStrategy = 'none' | 'simple' | 'first' | 'average' | 'max';

const STRATEGIES: readonly AggregationStrategy[] = ['none', 'simple', 'first', 'average', 'max'];

/** Options of `token-classification`. */
export interface TokenClassificationOptions extends TaskOptions {
  /**
   * How tokens become entities. `none`: each token has its own label. `simple`: neighbouring tokens of one
   * entity are a group. `first`, `average` and `max` put words together first, whose label is that of their
   * first token, of the mean of their tokens' probabilities, or of the token that is surest. Default `none`;
   * `simple` where Viterbi decodes.
   */
  readonly aggregation_strategy?: AggregationStrategy;
  /** Labels of tokens, or names of groups, that are left out of the answer. Default `['O']`. */
  readonly ignore_labels?: readonly string[];
  /**
   * Reads long texts as the original pipeline does with this option: in windows of the length at which
   * `truncation` cuts, which share so many tokens. Each gives groups of its own, and of groups that overlap
   * the longest stays.
   */
  readonly stride?: number;
  /** Whether each text is a list of words, of which none is part of another's token. Default false. */
  readonly is_split_into_words?: boolean;
  /** What stands between words in the text that places count in. Default: a space. */
  readonly delimiter?: string;
  /**
   * How labels are found. `argmax`: each token has its most probable label. `viterbi`: the most probable
   * sequence of labels in which every span begins, goes on and ends, of models with labels B, I, E and S.
   * Default: `viterbi` of privacy filters, and of models with such labels and a `viterbi_calibration.json`,
   * unless `stride` or a strategy that makes words is given; else `argmax`.
   */
  readonly decoding?: 'argmax' | 'viterbi';
  /** The operating point of `viterbi_calibration.json` whose biases Viterbi takes. Default `default`. */
  readonly operatingPoint?: string;
}

/** Kinds of the options. */
export function tokenKinds(runnable: RunnableModel): OptionKinds<TokenClassificationOptions> {
  return {
    aggregation_strategy: oneOf(...STRATEGIES),
    ignore_labels: listOf(aString, 'a list of labels'),
    stride: integer(0),
    is_split_into_words: aBoolean,
    delimiter: aString,
    decoding: oneOf('argmax', 'viterbi'),
    operatingPoint: aString,
    ...taskKinds(runnable),
  };
}

/** The tags of labels by which tokens are grouped: those that the original knows, or all. */
export type Tags = 'BI' | 'BIES';

/** What a call asks for. */
export interface Plan {
  readonly strategy: AggregationStrategy;
  readonly ignored: ReadonlySet<string>;
  readonly stride: number | undefined;
  /** The tags by which tokens are grouped. */
  readonly tags: Tags;
  /** The biases of Viterbi; undefined where each token has its most probable label. */
  readonly biases: TransitionBiases | undefined;
  /** What stands between words; undefined where texts are no lists of words. */
  readonly delimiter: string | undefined;
}

/** What the options ask for together. Errors: `INVALID_ARGUMENT`. */
export function planOf(
  where: string,
  calibration: Calibration,
  options: Checked<TokenClassificationOptions>,
): Plan {
  const { ignore_labels: ignored = ['O'], is_split_into_words: isSplit = false, stride } = options;
  const { aggregation_strategy: choice, decoding, overlap, delimiter, operatingPoint } = options;
  const fail = (message: string): never => {
    throw new AttnError('INVALID_ARGUMENT', where, message);
  };
  const makesWords = choice === 'first' || choice === 'average' || choice === 'max';
  const byViterbi =
    decoding === undefined
      ? calibration.isDefault && !makesWords && stride === undefined
      : decoding === 'viterbi';
  const strategy = choice ?? (byViterbi ? 'simple' : 'none');
  if (byViterbi && !calibration.isPossible)
    fail(`decoding 'viterbi' needs labels O, B-x, I-x, E-x, S-x, got ${show(calibration.labels)}`);
  if (byViterbi && makesWords)
    fail(`decoding 'viterbi' takes aggregation_strategy 'none' or 'simple', got ${show(choice)}`);
  if (byViterbi && stride !== undefined)
    fail(`decoding 'viterbi' joins windows by itself, so stride must be absent, got ${show(stride)}`);
  if (operatingPoint !== undefined && !byViterbi)
    fail(`operatingPoint is for decoding 'viterbi', got ${show(operatingPoint)}`);
  if (stride !== undefined && strategy === 'none')
    fail(`stride needs an aggregation_strategy other than 'none', got the stride ${show(stride)}`);
  if (stride !== undefined && overlap !== undefined)
    fail(`stride and overlap exclude each other, got stride ${show(stride)} and overlap ${show(overlap)}`);
  if (delimiter !== undefined && !isSplit)
    fail(`delimiter needs is_split_into_words: true, got the delimiter ${show(delimiter)}`);
  return {
    strategy,
    ignored: new Set(ignored),
    stride,
    tags: stride !== undefined || options.truncation === true ? 'BI' : 'BIES',
    biases: byViterbi ? calibration.biases(operatingPoint) : undefined,
    delimiter: isSplit ? (delimiter ?? ' ') : undefined,
  };
}
