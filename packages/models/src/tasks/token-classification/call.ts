/** How the pipeline of `token-classification` is called. */
import type { AnswerAll } from '../task.ts';
import type { EntitiesOf, Entity } from './entities.ts';
import type { AggregationStrategy, TokenClassificationOptions } from './options.ts';
import type { TokenText } from './token-texts.ts';

/** The options with a strategy that the answer's type is read from. */
type WithStrategy<S> = TokenClassificationOptions & { readonly aggregation_strategy?: S };

/** The options of texts that are lists of words. */
type OfWords<S> = WithStrategy<S> & { readonly is_split_into_words: true };

/**
 * Finds entities in texts. A text has a list of them, many texts a list for each. With `is_split_into_words`
 * a text is a list of words.
 */
export interface ClassifyTokens {
  <S extends AggregationStrategy | undefined = undefined>(
    text: string | { readonly text: string },
    options?: WithStrategy<S>,
  ): Promise<EntitiesOf<S>>;
  <S extends AggregationStrategy | undefined = undefined>(
    words: readonly string[] | { readonly text: readonly string[] },
    options: OfWords<S>,
  ): Promise<EntitiesOf<S>>;
  <S extends AggregationStrategy | undefined = undefined>(
    texts: readonly (readonly string[] | { readonly text: readonly string[] })[],
    options: OfWords<S>,
  ): Promise<EntitiesOf<S>[]>;
  <S extends AggregationStrategy | undefined = undefined>(
    texts: readonly (string | { readonly text: string })[],
    options?: WithStrategy<S>,
  ): Promise<EntitiesOf<S>[]>;
}

/** The function that users call. */
export function classifyTokens(
  answer: AnswerAll<TokenClassificationOptions, readonly Entity[]>,
): ClassifyTokens {
  const classify = async (
    texts: TokenText | readonly TokenText[],
    options: TokenClassificationOptions = {},
  ): Promise<readonly (Entity | readonly Entity[])[]> => {
    const isMany = Array.isArray(texts) && !(isSplit(options) && isListOfWords(texts));
    const answers = await answer(isMany ? (texts as readonly TokenText[]) : [texts], options);
    return isMany ? answers : answers[0];
  };
  return classify as ClassifyTokens;
}

function isSplit(options: unknown): boolean {
  return Object(options).is_split_into_words === true;
}

function isListOfWords(texts: readonly unknown[]): boolean {
  return texts.length > 0 && texts.every((word) => typeof word === 'string');
}
