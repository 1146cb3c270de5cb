/** What config.json says of a classifier: the names of its labels, and how its logits become scores. */
import type { JsonObject } from '@attn/core';
import { ConfigReader } from '../checkpoint/config-reader.ts';
import { sigmoid, softmax } from '../encode/scores.ts';

/** Values of a config's `problem_type`. */
const PROBLEMS = ['regression', 'multi_label_classification', 'single_label_classification'] as const;

/** Functions of a classifier's logits, by the names of Hugging Face's `function_to_apply`. */
export type ScoreFunction = 'sigmoid' | 'softmax' | 'none';

/** All names of functions. */
export const SCORE_FUNCTIONS: readonly ScoreFunction[] = ['sigmoid', 'softmax', 'none'];

/** The names of labels by their ids; `LABEL_3` where the config has none. Errors: `MALFORMED_FILE`. */
export function labelsOf(config: JsonObject, count: number): readonly string[] {
  const reader = new ConfigReader(config);
  const names = reader.object('id2label') ?? {};
  return Array.from({ length: count }, (_, id) => {
    const name = names[id] ?? `LABEL_${id}`;
    if (typeof name !== 'string') throw reader.wrong(`id2label[${id}]`, 'a text', name);
    return name;
  });
}

/**
 * How the logits of a classifier of `count` labels become scores, by its `problem_type`. Classes that exclude
 * each other have scores that sum to 1 (softmax); several labels that may all be true, or one alone, have a
 * score from 0 to 1 each (sigmoid); a regression's logits are its answers. Errors: `MALFORMED_FILE`.
 */
export function scoreFunctionOf(config: JsonObject, count: number): ScoreFunction {
  const reader = new ConfigReader(config);
  const isGiven = reader.field('problem_type') !== undefined;
  const problem = isGiven ? reader.oneOf('problem_type', PROBLEMS) : undefined;
  if (problem === 'regression') return 'none';
  return problem === 'multi_label_classification' || count === 1 ? 'sigmoid' : 'softmax';
}

/** The scores of one row of logits. */
export function applyFunction(logits: ArrayLike<number>, name: ScoreFunction): Float64Array {
  switch (name) {
    case 'none':
      return Float64Array.from(logits);
    case 'sigmoid':
      return sigmoid(logits);
    case 'softmax':
      return softmax(logits);
    default:
      return name satisfies never;
  }
}
