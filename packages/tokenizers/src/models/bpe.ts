/** Byte-pair encoding (Sennrich et al. 2016, https://arxiv.org/abs/1508.07909), on letters for bytes or on characters. */
import type { Steps } from '../steps.ts';
import { unitsAt } from '../text/aligned.ts';
import type { PairTable } from '../text/pair-table.ts';
import type { Trie } from '../text/trie.ts';
import { ByteTokens } from './byte-tokens.ts';
import { Merger, type Merges } from './merger.ts';
import type { Vocabulary } from './vocabulary.ts';
import type { WordModel, WordTokens } from './word-model.ts';

/** What a BPE model consists of. */
export interface BpeOptions {
  readonly vocabulary: Vocabulary;
  readonly merges: Merges;
  /** Pairs of units, the last of one symbol and the first of the next, that some merge joins. */
  readonly joints: PairTable;
  /** The id of characters without a token; without it they vanish. */
  readonly unkId?: number;
  /** Whether a run of unknown characters is one token. */
  readonly fuseUnk?: boolean;
  /** Whether unknown characters become the tokens of their bytes. */
  readonly byteFallback?: boolean;
  /** Whether a word that is a token is taken as it is. */
  readonly ignoreMerges?: boolean;
  /** What stands before each symbol but the first of a word. */
  readonly continuingPrefix?: string;
  /** What stands after the last symbol of a word. */
  readonly endSuffix?: string;
  /** Texts that are one symbol each and are never joined with others; the values are their ids. */
  readonly frozen?: Trie;
  /** Symbols that are no tokens of their own: characters that only merges know. */
  readonly extraSymbols?: ReadonlyMap<string, number>;
}

/** A BPE model. */
export class Bpe implements WordModel {
  readonly idLimit: number;
  readonly cut: ((text: string, from: number, to: number) => number) | undefined;
  private readonly options: BpeOptions;
  private readonly vocabulary: Vocabulary;
  private readonly bytes: ByteTokens | undefined;
  /** Symbols of the characters of one unit, -1 for those that have none. */
  private readonly units: Int32Array = new Int32Array(2 ** 16).fill(-1);
  private readonly merger: Merger;

  constructor(options: BpeOptions) {
    this.options = options;
    this.vocabulary = options.vocabulary;
    this.idLimit = options.vocabulary.idLimit;
    this.bytes = options.byteFallback
      ? new ByteTokens((token) => this.vocabulary.tokenToId(token))
      : undefined;
    for (const entries of [this.vocabulary.entries(), options.extraSymbols ?? []])
      for (const [token, id] of entries) if (token.length === 1) this.units[token.charCodeAt(0)] = id;
    this.merger = new Merger(options.merges);
    const { continuingPrefix = '', endSuffix = '', ignoreMerges = false } = options;
    // Where a word's ends matter, a part of it is no word.
    if (continuingPrefix === '' && endSuffix === '' && !ignoreMerges)
      this.cut = (text, from, to) => this.cutAfter(text, from, to);
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
    const whole = this.whole(word);
    if (whole !== undefined) return whole;
    this.merger.clear();
    this.addSymbols(this.merger, word);
    this.merger.merge();
    return this.tokensOf(this.merger, word);
  }

  *tokensInSteps(word: string): Steps<WordTokens> {
    const whole = this.whole(word);
    if (whole !== undefined) return whole;
    const merger = new Merger(this.options.merges, word.length);
    this.addSymbols(merger, word);
    yield;
    yield* merger.mergeInSteps();
    return this.tokensOf(merger, word);
  }

  private whole(word: string): WordTokens | undefined {
    const id = this.options.ignoreMerges === true ? this.vocabulary.tokenToId(word) : undefined;
    return id === undefined ? undefined : [id, 0, word.length];
  }

  private addSymbols(merger: Merger, word: string): void {
    const { frozen, continuingPrefix = '', endSuffix = '' } = this.options;
    const isPlain = continuingPrefix === '' && endSuffix === '';
    for (let index = 0; index < word.length;) {
      const frozenEnd = frozen?.longest(word, index) ?? -1;
      if (frozen !== undefined && frozenEnd !== -1) {
        merger.add(frozen.get(word, index, frozenEnd), index);
        index = frozenEnd;
        continue;
      }
      const end = index + unitsAt(word, index);
      const symbol = isPlain && end === index + 1 ? this.units[word.charCodeAt(index)] : -1;
      if (symbol !== -1) merger.add(symbol, index);
      else this.addCharacter(merger, word, index, end);
      index = end;
    }
  }

  private addCharacter(merger: Merger, word: string, start: number, end: number): void {
    const { continuingPrefix = '', endSuffix = '', extraSymbols } = this.options;
    const text =
      (start === 0 ? '' : continuingPrefix) + word.slice(start, end) + (end === word.length ? endSuffix : '');
    const symbol = this.vocabulary.tokenToId(text) ?? extraSymbols?.get(text);
    if (symbol !== undefined) {
      merger.add(symbol, start);
      return;
    }
    const bytes = this.bytes?.idsOf(text);
    if (bytes === undefined) merger.add(UNKNOWN, start);
    else for (const id of bytes) merger.add(id, start);
  }

  /** The tokens of symbols. Those of bytes all have the whole character's span. */
  private tokensOf(merger: Merger, word: string): WordTokens {
    const { unkId, fuseUnk = false } = this.options;
    const tokens: number[] = [];
    let wasUnknown = false;
    merger.forEach(word.length, (symbol, start, end) => {
      const isUnknown = symbol === UNKNOWN || symbol >= this.idLimit;
      if (!isUnknown) {
        tokens.push(symbol, start, end);
      } else if (wasUnknown && fuseUnk && unkId !== undefined) {
        tokens[tokens.length - 1] = end;
      } else if (unkId !== undefined) {
        tokens.push(unkId, start, end);
      }
      wasUnknown = isUnknown;
    });
    if (this.bytes !== undefined) widen(tokens);
    return tokens;
  }

  private cutAfter(text: string, from: number, to: number): number {
    const { joints } = this.options;
    for (let index = from + 1; index < to; index++) {
      const [before, after] = [text.charCodeAt(index - 1), text.charCodeAt(index)];
      if (this.units[before] !== -1 && this.units[after] !== -1 && joints.get(before, after) === -1)
        return index;
    }
    return to;
  }
}

/** The symbol of a character without a token. */
const UNKNOWN = -2;

/**
 * Gives tokens that begin at the same place, as those of a character's bytes do, the end of the last of them.
 */
function widen(tokens: number[]): void {
  for (let i = tokens.length - 6; i >= 0; i -= 3) {
    if (tokens[i + 1] === tokens[i + 4]) tokens[i + 2] = tokens[i + 5];
  }
}
