/** The most probable labels of a text as a whole, and the spans that they make. */
import { f32 } from '@attn/core';
import { decodeSpans } from '../../spans/decode-spans.ts';
import { placeSpans } from '../../spans/spans-in-text.ts';
import { viterbi, type TransitionBiases } from '../../spans/viterbi.ts';
import type { EntityGroup } from './entities.ts';
import type { LabelScores } from './label-scores.ts';
import type { Tagged } from './tagged-words.ts';
import type { TextTokens } from './text-tokens.ts';

/** The tokens of a text with the labels of the best path, and their probabilities. Errors: `viterbi`'s. */
export function bestPath(
  { from, to }: TextTokens,
  scores: LabelScores,
  biases: TransitionBiases,
): readonly Tagged[] {
  const { names } = scores;
  if (from === to) return [];
  const { labels } = viterbi(f32([to - from, names.length], scores.logits), { labels: names, biases });
  return Array.from(labels.data, (label, i) => ({
    label: names[label],
    score: scores.of(from + i)[label],
    from: from + i,
    to: from + i + 1,
  }));
}

/** The spans of a path in the text, without white space at their ends. */
export function spansOfPath(
  { text, from, to, offsets }: TextTokens,
  names: readonly string[],
  path: readonly Tagged[],
): readonly EntityGroup[] {
  const numbers = new Map(names.map((name, number) => [name, number]));
  const spans = decodeSpans(
    path.map(({ label }) => numbers.get(label) ?? -1),
    names,
  );
  return placeSpans(text, offsets.slice(from, to), spans).map(({ span, start, end }) => ({
    entity_group: span.type,
    score:
      path.slice(span.start, span.end).reduce((sum, { score }) => sum + score, 0) / (span.end - span.start),
    word: text.slice(start, end),
    start,
    end,
  }));
}
