/** What `token-classification` answers: tokens with their labels, or groups of tokens. */
import type { AggregationStrategy } from './options.ts';

/** A token and its label. */
export interface TokenEntity {
  /** The label, such as `B-PER`. */
  readonly entity: string;
  /** The probability of the label. */
  readonly score: number;
  /** The place of the token among all tokens of its text, of which special tokens are some. */
  readonly index: number;
  /** The token, decoded; the text at its place where it is unknown. */
  readonly word: string;
  /** Where it begins in the text, in UTF-16 units, as `text.slice` counts. */
  readonly start: number;
  /** Where it ends. */
  readonly end: number;
  readonly entity_group?: undefined;
}

/** Neighbouring tokens that are one entity. */
export interface EntityGroup {
  /** What it is, such as `PER`. */
  readonly entity_group: string;
  /** The mean of the scores of its tokens, or of its words where the strategy makes words. */
  readonly score: number;
  /** The tokens, decoded together. `text.slice(start, end)` is what the text has there. */
  readonly word: string;
  /** Where it begins in the text, in UTF-16 units, as `text.slice` counts. */
  readonly start: number;
  /** Where it ends. */
  readonly end: number;
  readonly entity?: undefined;
  readonly index?: undefined;
}

/** A token with its label, or a group of tokens. */
export type Entity = TokenEntity | EntityGroup;

/** What a text has by a strategy; either without one, because the model's default counts then. */
export type EntitiesOf<S extends AggregationStrategy | undefined> = [S] extends ['none']
  ? TokenEntity[]
  : [S] extends [Exclude<AggregationStrategy, 'none'>]
    ? EntityGroup[]
    : Entity[];
