/**
 * Byte-pair encoding (Sennrich et al. 2016, https://arxiv.org/abs/1508.07909), on letters for bytes or on
 * characters.
 */
import { finish, STRIDE } from '../steps.ts';
import { unitsAt } from '../text/units.ts';
import type { PairTable } from '../text/pair-table.ts';
import type { Trie } from '../text/trie.ts';
import { ByteTokens } from './byte-tokens.ts';
import { Merger, type Merges } from './merger.ts';
import type { Vocabulary } from './vocabulary.ts';
import { allOf, NO_TOKENS, type WordModel, type WordSteps, type WordTokens } from './word-model.ts';

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
  readonly vocabulary: Vocabulary;
  readonly cutAt: ((text: string, from: number, to: number) => number) | undefined;
  readonly continuingPrefix: string | undefined;
  private readonly options: BpeOptions;
  private readonly bytes: ByteTokens | undefined;
  /** Symbols of the characters of one unit, -1 for those that have none. */
  private readonly units: Int32Array = new Int32Array(2 ** 16).fill(-1);
  private readonly merger: Merger;

  constructor(options: BpeOptions) {
    this.options = options;
    this.vocabulary = options.vocabulary;
    this.bytes = options.byteFallback
      ? new ByteTokens((token) => this.vocabulary.tokenToId(token))
      : undefined;
    for (const entries of [this.vocabulary.entries(), options.extraSymbols ?? []])
      for (const [token, id] of entries) if (token.length === 1) this.units[token.charCodeAt(0)] = id;
    this.merger = new Merger(options.merges);
    const { continuingPrefix = '', endSuffix = '', ignoreMerges = false } = options;
    this.continuingPrefix = continuingPrefix === '' ? undefined : continuingPrefix;
    // Where a word's ends matter, a part of it is no word.
    if (continuingPrefix === '' && endSuffix === '' && !ignoreMerges)
      this.cutAt = (text, from, to) => this.placeOfCut(text, from, to);
  }

  tokens(word: string): WordTokens {
    const whole = this.whole(word);
    if (whole !== undefined) return whole;
    this.merger.clear();
    this.addSymbols(this.merger, word, 0, word.length);
    finish(this.merger.merge());
    return allOf(this.collected(this.merger, word.length));
  }

  *tokensInSteps(word: string): WordSteps {
    const whole = this.whole(word);
    if (whole !== undefined) {
      yield whole;
      return;
    }
    const merger = new Merger(this.options.merges, word.length);
    for (let at = 0; at < word.length;) {
      at = this.addSymbols(merger, word, at, Math.min(word.length, at + STRIDE));
      yield NO_TOKENS;
    }
    for (const steps = merger.merge(); steps.next().done !== true;) yield NO_TOKENS;
    yield* this.collected(merger, word.length);
  }

  private whole(word: string): WordTokens | undefined {
    const id = this.options.ignoreMerges === true ? this.vocabulary.tokenToId(word) : undefined;
    return id === undefined ? undefined : [id, 0, word.length];
  }

  /** Adds the symbols from `from` to at least `to`; returns where it stopped. */
  private addSymbols(merger: Merger, word: string, from: number, to: number): number {
    const { frozen, continuingPrefix = '', endSuffix = '' } = this.options;
    const isPlain = continuingPrefix === '' && endSuffix === '';
    let index = from;
    while (index < to) {
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
    return index;
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

  /**
   * The tokens of symbols, some at a time. Tokens of a character's bytes, which all have the whole
   * character's span, stay together, and so do unknown characters in a row that are one token.
   */
  private *collected(merger: Merger, length: number): WordSteps {
    const { unkId, fuseUnk = false } = this.options;
    let tokens: number[] = [];
    let wasUnknown = false;
    for (let i = 0, n = 1; i !== -1; n++) {
      const symbol = merger.symbolAt(i);
      const next = merger.after(i);
      const start = merger.startOf(i);
      const end = next === -1 ? length : merger.startOf(next);
      const isUnknown = symbol === UNKNOWN || symbol >= this.vocabulary.idLimit;
      if (!isUnknown) tokens.push(symbol, start, end);
      else if (wasUnknown && fuseUnk && unkId !== undefined) tokens[tokens.length - 1] = end;
      else if (unkId !== undefined) tokens.push(unkId, start, end);
      wasUnknown = isUnknown;
      i = next;
      if (n < STRIDE) continue;
      const mayGrow = start === end || (isUnknown && fuseUnk);
      if (!mayGrow) {
        yield this.widened(tokens);
        [tokens, n] = [[], 0];
      } else if (n % STRIDE === 0) {
        yield NO_TOKENS;
      }
    }
    yield this.widened(tokens);
  }

  /** Gives tokens that begin at one place, as those of a character's bytes do, the end of their last one. */
  private widened(tokens: number[]): WordTokens {
    for (let i = this.bytes === undefined ? -1 : tokens.length - 6; i >= 0; i -= 3) {
      if (tokens[i + 1] === tokens[i + 4]) tokens[i + 2] = tokens[i + 5];
    }
    return tokens;
  }

  private placeOfCut(text: string, from: number, to: number): number {
    const { joints } = this.options;
    for (let index = from; index < to; index++) {
      const [before, after] = [text.charCodeAt(index - 1), text.charCodeAt(index)];
      if (this.units[before] !== -1 && this.units[after] !== -1 && joints.get(before, after) === -1)
        return index;
    }
    return -1;
  }
}

/** The symbol of a character without a token. */
const UNKNOWN = -2;
