/** Labels of tokens, or of words, from the probabilities of tokens. */
import { placeOfLargest, type LabelScores } from './label-scores.ts';
import type { AggregationStrategy } from './options.ts';
import type { TextTokens } from './text-tokens.ts';

/** A token or a word with its label. */
export interface Tagged {
  readonly label: string;
  readonly score: number;
  /** The place of its first token. */
  readonly from: number;
  /** The place after its last token. */
  readonly to: number;
}

/** The tokens from one place to before another with their labels, or the words that they make. */
export function taggedWords(
  tokens: TextTokens,
  from: number,
  to: number,
  scores: LabelScores,
  strategy: AggregationStrategy,
): readonly Tagged[] {
  const makesWords = strategy !== 'none' && strategy !== 'simple';
  const words: Tagged[] = [];
  for (let place = from; place < to;) {
    let end = place + 1;
    if (makesWords) while (end < to && tokens.goesOn(end)) end += 1;
    const probabilities = probabilitiesOf(scores, place, end, strategy);
    const label = placeOfLargest(probabilities);
    words.push({ label: scores.names[label], score: probabilities[label], from: place, to: end });
    place = end;
  }
  return words;
}

/** The probabilities of the labels of a word. */
function probabilitiesOf(
  scores: LabelScores,
  from: number,
  to: number,
  strategy: AggregationStrategy,
): Float64Array {
  if (strategy !== 'average' && strategy !== 'max') return scores.of(from);
  const all = Array.from({ length: to - from }, (_, i) => scores.of(from + i));
  if (strategy === 'max') return all[placeOfLargest(all.map((each) => Math.max(...each)))];
  return all[0].map((_, label) => all.reduce((sum, each) => sum + each[label], 0) / all.length);
}
