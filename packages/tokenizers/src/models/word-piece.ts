/** WordPiece as BERT has it: the longest token at each place, `##` before those inside of a word. */
import { unitsAt } from '../text/units.ts';
import { LONGEST_ENTRY, Trie } from '../text/trie.ts';
import type { Vocabulary } from './vocabulary.ts';
import type { WordModel, WordSteps, WordTokens } from './word-model.ts';

/** What a WordPiece model consists of. */
export interface WordPieceOptions {
  readonly vocabulary: Vocabulary;
  /** The id of words that cannot be made of tokens. */
  readonly unkId: number;
  /** What stands before tokens inside of a word: `##`. */
  readonly continuingPrefix: string;
  /** Code points of the longest word that is not unknown. */
  readonly maxCharacters: number;
}

/** A WordPiece model. */
export class WordPiece implements WordModel {
  readonly vocabulary: Vocabulary;
  readonly continuingPrefix: string | undefined;
  private readonly options: WordPieceOptions;
  private readonly heads = new Trie(2 ** 14);
  private readonly tails = new Trie(2 ** 14);

  constructor(options: WordPieceOptions) {
    const { vocabulary, continuingPrefix: prefix } = options;
    this.options = options;
    this.vocabulary = vocabulary;
    this.continuingPrefix = prefix === '' ? undefined : prefix;
    for (const [token, id] of vocabulary.entries()) {
      if (token.length > LONGEST_ENTRY) continue; // No word is that long.
      this.heads.add(token, id);
      if (token.startsWith(prefix)) this.tails.add(token.slice(prefix.length), id);
    }
  }

  tokens(word: string): WordTokens {
    const tokens: number[] = [];
    if (isLongerThan(word, this.options.maxCharacters)) return [this.options.unkId, 0, word.length];
    for (let from = 0; from < word.length;) {
      const trie = from === 0 ? this.heads : this.tails;
      const to = trie.longest(word, from);
      if (to === -1) return [this.options.unkId, 0, word.length];
      tokens.push(trie.get(word, from, to), from, to);
      from = to;
    }
    return tokens;
  }

  *tokensInSteps(word: string): WordSteps {
    yield this.tokens(word);
  }
}

/** Whether a word has more code points than this. */
function isLongerThan(word: string, most: number): boolean {
  if (word.length <= most) return false;
  let count = 0;
  for (let i = 0; i < word.length; i += unitsAt(word, i)) {
    count += 1;
    if (count > most) return true;
  }
  return false;
}
