/** How the pipeline of `token-classification` is called. */
import type { AnswerAll } from '../task.ts';
import type { EntitiesOf, Entity } from './entities.ts';
import type { TokenClassificationOptions } from './options.ts';
import type { TokenText } from './token-texts.ts';

/** Options of texts that are lists of words. */
type OfWords = TokenClassificationOptions & { readonly is_split_into_words: true };

/**
 * Finds entities in texts. A text has a list of them, many texts a list for each. With `is_split_into_words`
 * a text is a list of words.
 */
export interface ClassifyTokens {
  <const O extends OfWords>(
    words: readonly string[] | { readonly text: readonly string[] },
    options: O,
  ): Promise<EntitiesOf<O>>;
  <const O extends OfWords>(
    texts: readonly (readonly string[] | { readonly text: readonly string[] })[],
    options: O,
  ): Promise<EntitiesOf<O>[]>;
  <const O extends TokenClassificationOptions = object>(
    text: string | { readonly text: string },
    options?: O,
  ): Promise<EntitiesOf<O>>;
  <const O extends TokenClassificationOptions = object>(
    texts: readonly (string | { readonly text: string })[],
    options?: O,
  ): Promise<EntitiesOf<O>[]>;
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
