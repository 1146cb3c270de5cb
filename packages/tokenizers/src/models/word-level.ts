/** `WordLevel`: each word is a token or unknown. */
import type { Vocabulary } from './vocabulary.ts';
import type { WordModel, WordSteps, WordTokens } from './word-model.ts';

/** A model without parts of words. */
export class WordLevel implements WordModel {
  readonly vocabulary: Vocabulary;
  private readonly unkId: number | undefined;

  constructor(vocabulary: Vocabulary, unkId: number | undefined) {
    this.vocabulary = vocabulary;
    this.unkId = unkId;
  }

  tokens(word: string): WordTokens {
    const id = this.vocabulary.tokenToId(word) ?? this.unkId;
    return id === undefined ? [] : [id, 0, word.length];
  }

  *tokensInSteps(word: string): WordSteps {
    yield this.tokens(word);
  }
}
