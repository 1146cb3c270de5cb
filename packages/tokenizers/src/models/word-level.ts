/** `WordLevel`: each word is a token or unknown. */
import type { Vocabulary } from './vocabulary.ts';
import type { WordModel, WordTokens } from './word-model.ts';

/** A model without parts of words. */
export class WordLevel implements WordModel {
  readonly idLimit: number;
  private readonly vocabulary: Vocabulary;
  private readonly unkId: number | undefined;

  constructor(vocabulary: Vocabulary, unkId: number | undefined) {
    this.idLimit = vocabulary.idLimit;
    this.vocabulary = vocabulary;
    this.unkId = unkId;
  }

  tokenToId(token: string): number | undefined {
    return this.vocabulary.tokenToId(token);
  }

  idToToken(id: number): string | undefined {
    return this.vocabulary.idToToken(id);
  }

  entries(): Iterable<readonly [string, number]> {
    return this.vocabulary.entries();
  }

  tokens(word: string): WordTokens {
    const id = this.vocabulary.tokenToId(word) ?? this.unkId;
    return id === undefined ? [] : [id, 0, word.length];
  }

  *tokensInSteps(word: string): Generator<WordTokens, void, undefined> {
    yield this.tokens(word);
  }
}
