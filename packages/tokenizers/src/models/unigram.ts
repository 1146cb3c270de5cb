/**
 * Unigram language models (Kudo 2018, https://arxiv.org/abs/1804.10959): of all ways to write a word in
 * pieces, the one whose scores have the greatest sum.
 */
import { STRIDE } from '../steps.ts';
import { Trie } from '../text/trie.ts';
import { unitsAt } from '../text/units.ts';
import { ByteTokens } from './byte-tokens.ts';
import { PathSearch, UNKNOWN } from './path-search.ts';
import type { Vocabulary } from './vocabulary.ts';
import { allOf, NO_TOKENS, type WordModel, type WordSteps, type WordTokens } from './word-model.ts';

/** A piece that texts are made of. */
export interface UnigramPiece {
  readonly text: string;
  readonly id: number;
  readonly score: number;
}

/** What a Unigram model consists of. */
export interface UnigramOptions {
  readonly vocabulary: Vocabulary;
  readonly pieces: readonly UnigramPiece[];
  /** The id of unknown characters; without it they vanish. */
  readonly unkId: number | undefined;
  /** The score of a character that is no piece. */
  readonly unkScore: number;
  /** Whether unknown characters become the tokens of their bytes. */
  readonly byteFallback: boolean;
}

const MARK = '▁'.charCodeAt(0);

/** Characters of a long word between two steps. */
const SEARCHED = STRIDE / 4;

/** A Unigram model. */
export class Unigram implements WordModel {
  readonly vocabulary: Vocabulary;
  readonly cutAt: ((text: string, from: number, to: number) => number) | undefined;
  private readonly options: UnigramOptions;
  private readonly bytes: ByteTokens | undefined;
  private readonly trie: Trie;
  private readonly ids: Int32Array;
  private readonly scores: Float64Array;
  /** For words that take one step. */
  private readonly search = new PathSearch(64);

  constructor(options: UnigramOptions) {
    const { pieces, vocabulary } = options;
    this.options = options;
    this.vocabulary = vocabulary;
    this.bytes = options.byteFallback ? new ByteTokens((token) => vocabulary.tokenToId(token)) : undefined;
    this.trie = new Trie(pieces.length * 4);
    this.ids = Int32Array.from(pieces, ({ id }) => id);
    this.scores = Float64Array.from(pieces, ({ score }) => score);
    for (const [index, { text }] of pieces.entries()) this.trie.add(text, index);
    // A text can be cut before "▁" when no piece goes on over it.
    const isMarked = this.trie.get('▁') !== -1;
    if (isMarked && pieces.every(({ text }) => text.indexOf('▁', 1) === -1 || /^▁+[^▁]*$/.test(text)))
      this.cutAt = cutBeforeMark;
  }

  tokens(word: string): WordTokens {
    return allOf(this.steps(word, this.search));
  }

  *tokensInSteps(word: string): WordSteps {
    yield* this.steps(word, new PathSearch(word.length));
  }

  private *steps(word: string, search: PathSearch): WordSteps {
    search.begin(word.length);
    for (let from = 0; from < word.length;) {
      if (from > 0) yield NO_TOKENS;
      from = this.advance(word, search, from, Math.min(word.length, from + SEARCHED));
    }
    for (const steps = search.trace(); steps.next().done !== true;) yield NO_TOKENS;
    let tokens: number[] = [];
    for (let i = 0; i < search.steps; i++) {
      const [piece, start, end] = [search.pieceOf(i), search.startOf(i), search.startOf(i + 1)];
      if (piece === UNKNOWN) yield* this.unknown(tokens, word, start, end);
      else tokens.push(this.ids[piece], start, end);
      if (tokens.length < STRIDE) continue;
      yield tokens;
      tokens = [];
    }
    yield tokens;
  }

  /** Tries all pieces that begin from `from` to at least `to`; returns where it stopped. */
  private advance(word: string, search: PathSearch, from: number, to: number): number {
    const { trie, scores } = this;
    const { best, lengths, pieces } = search;
    let index = from;
    while (index < to) {
      const next = index + unitsAt(word, index);
      const sum = best[index];
      let isKnown = false;
      let node = 0;
      // A piece may end in the middle of a pair; such places are never reached.
      for (let end = index; end < word.length;) {
        node = trie.step(node, word.charCodeAt(end));
        if (node === -1) break;
        end += 1;
        const piece = trie.valueAt(node);
        if (piece === -1) continue;
        isKnown ||= end === next;
        if (lengths[end] !== 0 && sum + scores[piece] <= best[end]) continue;
        best[end] = sum + scores[piece];
        lengths[end] = end - index;
        pieces[end] = piece;
      }
      if (!isKnown && (lengths[next] === 0 || sum + this.options.unkScore > best[next])) {
        best[next] = sum + this.options.unkScore;
        lengths[next] = next - index;
        pieces[next] = UNKNOWN;
      }
      index = next;
    }
    return index;
  }

  /**
   * Adds unknown characters: one token, or those of their bytes, of which each has the span of them all.
   * Yields the tokens where they become many.
   */
  private *unknown(tokens: number[], word: string, start: number, end: number): WordSteps {
    const { bytes } = this;
    let isSpelled = bytes !== undefined;
    for (let at = start; bytes?.areComplete === false && isSpelled && at < end;) {
      if (at > start) yield NO_TOKENS;
      const to = characterEnd(word, at + SEARCHED, end);
      isSpelled = bytes.idsOf(word.slice(at, to)) !== undefined;
      at = to;
    }
    if (bytes === undefined || !isSpelled) {
      const { unkId } = this.options;
      if (unkId !== undefined) tokens.push(unkId, start, end);
      return;
    }
    for (let at = start; at < end;) {
      if (at > start) yield tokens.splice(0);
      const to = characterEnd(word, at + SEARCHED, end);
      for (const id of bytes.idsOf(word.slice(at, to)) ?? []) tokens.push(id, start, end);
      at = to;
    }
  }
}

/** The place at `at` or after it, but not after `to`, that lies in no surrogate pair. */
function characterEnd(text: string, at: number, to: number): number {
  if (at >= to) return to;
  return unitsAt(text, at - 1) === 2 ? at + 1 : at;
}

function cutBeforeMark(text: string, from: number, to: number): number {
  for (let index = from; index < to; index++) {
    if (text.charCodeAt(index) === MARK && text.charCodeAt(index - 1) !== MARK) return index;
  }
  return -1;
}
