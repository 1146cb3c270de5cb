/** Long texts in parts of equal size that fit into a model, and how many rounds of summaries they take. */
import { repeatedOf } from '../encode/windows.ts';
import type { TokenizedText } from '../tokenizer.ts';

/** How texts are split. */
export interface PartRule {
  /** Most tokens of a part, with special tokens and the prefix. */
  readonly maxLength: number;
  /** The tokens, without special ones, that the text begins with, and each part should. */
  readonly prefix: readonly number[];
}

/** How many tokens of the text itself a row has room for. */
export function roomOf(tokens: TokenizedText, { maxLength, prefix }: PartRule): number {
  const { before, after } = repeatedOf(tokens);
  return maxLength - before - after - prefix.length;
}

/** The ids of each part, with special tokens and the prefix, which the text itself begins with. */
export function partsOf(tokens: TokenizedText, rule: PartRule): readonly (readonly number[])[] {
  const { ids } = tokens;
  const { before, after } = repeatedOf(tokens);
  if (ids.length <= rule.maxLength) return [ids];
  const inner = ids.slice(before, ids.length - after);
  const count = Math.ceil(inner.length / roomOf(tokens, rule));
  return Array.from({ length: count }, (_, part) => {
    const [from, to] = [part, part + 1].map((place) => Math.round((place * inner.length) / count));
    return [
      ...ids.slice(0, before),
      ...(part === 0 ? [] : rule.prefix),
      ...inner.slice(from, to),
      ...ids.slice(ids.length - after),
    ];
  });
}

/**
 * How many texts are generated in each round until one summary is left: at most, if every summary is as long
 * as it may be.
 */
export function roundsOf(length: number, room: number, summaryLength: number): readonly number[] {
  const rounds: number[] = [];
  let tokens = length;
  do {
    rounds.push(Math.max(1, Math.ceil(tokens / room)));
    // Between summaries stands a line break.
    tokens = rounds[rounds.length - 1] * (summaryLength + 1);
  } while (rounds[rounds.length - 1] > 1);
  return rounds;
}
